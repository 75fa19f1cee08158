import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { RedisAddress } from '@frameio-auth/testing';
import { onTestFinished } from 'vitest';

/** A way to a server on which an answer can be lost. */
export interface LossyProxy extends RedisAddress {
  /** Takes the next answer to a script away, and breaks the connection that it came by: the server has done it. */
  loseNextAnswer(): void;
  /** How many answers were lost so far. */
  readonly lost: number;
}

export async function startLossyProxy(target: RedisAddress): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  let losing = false;
  let lost = 0;
  const proxy = createServer((near) => {
    const far = connect(target.port, target.host);
    let asked = false;
    near.on('data', (data: Buffer) => {
      if (losing && data.includes('evalsha')) asked = true;
      far.write(data);
    });
    far.on('data', (data: Buffer) => {
      if (losing && asked) {
        losing = false;
        lost += 1;
        near.destroy();
        far.destroy();
      } else {
        near.write(data);
      }
    });
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
    loseNextAnswer() {
      losing = true;
    },
    get lost() {
      return lost;
    },
  };
}
