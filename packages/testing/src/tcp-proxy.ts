import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The address of a server. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A route to a server that can be broken. It starts intact. */
export interface TcpProxy extends TcpAddress {
  /** Closes the open connections and refuses new ones, until `heal()`. */
  cut(): Promise<void>;
  /**
   * Drops every byte from now on, in both directions: connections stay open, and new ones are accepted. `heal()` closes
   * those that lost bytes, because the rest of their protocol would be invalid.
   */
  hang(): void;
  /** Restores the route. */
  heal(): Promise<void>;
  /** Closes the proxy permanently. */
  close(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1, which it keeps while it is cut. */
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

/** A connection from the client and its connection to the server, which close together. */
class Pair {
  readonly #sockets: readonly [near: Socket, far: Socket];

  constructor(near: Socket, far: Socket, onEnd: () => void) {
    this.#sockets = [near, far];
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // 'close' follows and handles it.
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
