import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { RedisAddress } from '@frameio-auth/testing';
import { onTestFinished } from 'vitest';

/** A way to a server that lets everything pass but subscriptions, as some proxies do. */
export interface ProxyWithoutPubSub extends RedisAddress {
  readonly connections: number;
  /** How many subscriptions were asked for. */
  readonly subscriptions: number;
}

export async function startProxyWithoutPubSub(
  target: RedisAddress,
  manner: 'closes' | 'refuses',
): Promise<ProxyWithoutPubSub> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let subscriptions = 0;
  const proxy = createServer((near) => {
    connections += 1;
    const far = connect(target.port, target.host);
    near.on('data', (data: Buffer) => {
      if (!data.toString('latin1').toLowerCase().includes('\r\nsubscribe\r\n')) {
        far.write(data);
        return;
      }
      subscriptions += 1;
      if (manner === 'closes') near.destroy();
      else near.write("-ERR unsupported command 'subscribe'\r\n");
    });
    far.on('data', (data: Buffer) => near.write(data));
    for (const [socket, peer] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => peer.destroy());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    host: '127.0.0.1',
    port: (proxy.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get subscriptions() {
      return subscriptions;
    },
  };
}
