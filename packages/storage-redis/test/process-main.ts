// An application that uses its sessions, closes its client on the line `close`, and does not close its storage.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { redisStorage } from '@frameio-auth/storage-redis';
import { Cluster, Redis } from 'ioredis';

const [kind, close, port] = process.argv.slice(2);
const address = { host: '127.0.0.1', port: Number(port) };
const client = kind === 'cluster' ? new Cluster([address]) : new Redis({ ...address, retryStrategy: () => 50 });
client.on('error', () => {});
const storage = redisStorage({ client });
let isReceived = false;
storage.watch('fictional-session', () => {
  isReceived = true;
});
// One after the other, so that none is in flight when Redis stops.
while (!isReceived) {
  const reply = await storage.lease('fictional-session', { owner: 'one', ttl: 60_000, ifVersion: 0 });
  if (reply.outcome === 'granted') await storage.release(reply.lease);
  await setTimeout(10);
}
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();
if (close === 'quit') await client.quit();
else client.disconnect();
