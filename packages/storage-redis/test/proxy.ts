import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { RedisAddress } from '@frameio-auth/verification/redis';
import { onTestFinished } from 'vitest';

/** A connection of a client through a proxy. */
interface Passage {
  /** Sends data to the client. */
  answer(data: Buffer | string): void;
  /** Closes the connection, on both sides. */
  break(): void;
}

/** What a proxy does to the traffic: a function that returns `false` drops it. */
interface Interference {
  request?(data: Buffer, passage: Passage): boolean;
  answer?(data: Buffer, passage: Passage): boolean;
}

/** Starts a proxy to a server that is closed after the test. `interfere` is called for each connection. */
async function startProxy(target: RedisAddress, interfere: () => Interference): Promise<RedisAddress> {
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(target.port, target.host);
    const { request = () => true, answer = () => true } = interfere();
    const passage: Passage = {
      answer: (data) => void near.write(data),
      break() {
        near.destroy();
        far.destroy();
      },
    };
    near.on('data', (data: Buffer) => {
      if (request(data, passage)) far.write(data);
    });
    far.on('data', (data: Buffer) => {
      if (answer(data, passage)) near.write(data);
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => passage.break());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  return { host: '127.0.0.1', port: (proxy.address() as AddressInfo).port };
}

/** A proxy to a server that passes everything except subscriptions, as some proxies do. */
export interface ProxyWithoutPubSub extends RedisAddress {
  readonly connections: number;
  /** How many subscriptions were attempted. */
  readonly subscriptions: number;
}

export async function startProxyWithoutPubSub(
  target: RedisAddress,
  manner: 'closes' | 'refuses',
): Promise<ProxyWithoutPubSub> {
  let connections = 0;
  let subscriptions = 0;
  const address = await startProxy(target, () => {
    connections += 1;
    return {
      request(data, passage) {
        if (!data.toString('latin1').toLowerCase().includes('\r\nsubscribe\r\n')) return true;
        subscriptions += 1;
        if (manner === 'closes') passage.break();
        else passage.answer("-ERR unsupported command 'subscribe'\r\n");
        return false;
      },
    };
  });
  return {
    ...address,
    get connections() {
      return connections;
    },
    get subscriptions() {
      return subscriptions;
    },
  };
}

/** A connection to a server that can lose a reply. */
export interface LossyProxy extends RedisAddress {
  /** Drops the next reply to a script, and breaks its connection: the server has run the script. */
  loseNextAnswer(): void;
  /** How many replies were lost so far. */
  readonly lost: number;
}

export async function startLossyProxy(target: RedisAddress): Promise<LossyProxy> {
  let losing = false;
  let lost = 0;
  const address = await startProxy(target, () => {
    let asked = false;
    return {
      request(data) {
        if (losing && data.includes('evalsha')) asked = true;
        return true;
      },
      answer(_, passage) {
        if (!(losing && asked)) return true;
        losing = false;
        lost += 1;
        passage.break();
        return false;
      },
    };
  });
  return {
    ...address,
    loseNextAnswer() {
      losing = true;
    },
    get lost() {
      return lost;
    },
  };
}
