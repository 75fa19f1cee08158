import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Where a server listens. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A way to a server that can be broken. It begins whole. */
export interface TcpProxy extends TcpAddress {
  /** Ends the connections that are open and refuses new ones, until `heal()`. */
  cut(): Promise<void>;
  /**
   * Swallows every byte from now on, in both directions, and answers none: connections stay open, and new ones are
   * taken. `heal()` ends those that lost bytes, because what is left of their conversation makes no sense.
   */
  hang(): void;
  /** Lets everything through again. */
  heal(): Promise<void>;
  /** Ends everything, for good. */
  close(): Promise<void>;
}

/** Starts a proxy on 127.0.0.1, on a port that is free, which it keeps while it is cut. */
export async function startTcpProxy({ to }: { readonly to: TcpAddress }): Promise<TcpProxy> {
  const proxy = new LocalTcpProxy(to);
  await proxy.heal();
  return proxy;
}

class LocalTcpProxy implements TcpProxy {
  readonly host = '127.0.0.1';
  readonly #to: TcpAddress;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #hangs = false;
  #port = 0;

  constructor(to: TcpAddress) {
    this.#to = to;
    this.#server = createServer((near) => this.#take(near));
  }

  get port(): number {
    return this.#port;
  }

  async cut(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#endAll();
    await closed;
  }

  hang(): void {
    this.#hangs = true;
    for (const pair of this.#pairs) pair.swallow();
  }

  async heal(): Promise<void> {
    if (this.#hangs) this.#endAll();
    this.#hangs = false;
    if (this.#server.listening) return;
    this.#server.listen(this.#port, this.host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return this.cut();
  }

  #take(near: Socket): void {
    const pair = new Pair(near, connect(this.#to.port, this.#to.host), () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    if (this.#hangs) pair.swallow();
  }

  #endAll(): void {
    for (const pair of this.#pairs) pair.end();
  }
}

/** A connection from the client and the one to the server that goes with it: they live and die together. */
class Pair {
  readonly #sockets: readonly [near: Socket, far: Socket];

  constructor(near: Socket, far: Socket, onEnd: () => void) {
    this.#sockets = [near, far];
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // 'close' follows, and that is all there is to do about it.
      socket.on('close', () => {
        this.end();
        onEnd();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }

  swallow(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.resume();
    }
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
