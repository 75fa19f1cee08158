// One of three processes of a scene: an instance of an application that stores its sessions in Redis.
import { adobeIms, WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import { redisStorage } from '@frameio-auth/storage-redis';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { Redis } from 'ioredis';
import { fingerprint } from './fingerprint.ts';
import { StateLog } from './state-log.ts';

/** The first message to the process. The second one makes it call the API. */
export interface Task {
  readonly origin: string;
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly client: Pick<WebAppAuthOptions, 'clientId' | 'clientSecret' | 'redirectUri'>;
  readonly user: string;
}

/** The messages of the process: first its token, then the result of the call. */
export type Message =
  | { readonly token: string }
  | { readonly token: string; readonly states: string; readonly status: number };

const send = (message: Message): void => void process.send?.(message);
const receive = <Received>(): Promise<Received> =>
  new Promise((resolve) => process.once('message', (message) => resolve(message as Received)));

const { origin, redis, client, user } = await receive<Task>();
const connection = new Redis(redis.url);
const storage = redisStorage({ client: connection, keyPrefix: redis.keyPrefix });
const log = new StateLog();
const { onStateChange } = log;
const auth = new WebAppAuth({
  ...client,
  server: adobeIms({ origin }),
  transport: fetchTransport(),
  storage,
  onStateChange,
});
const session = auth.session(user);

send({ token: fingerprint(await session.getToken()) });
log.take();
await receive();
const { status } = await authenticatedFetch(session, { allowedOrigins: [origin] })(`${origin}/v4/me`);
send({ token: fingerprint(await session.getToken()), states: log.take(), status });
await auth.close();
await storage.close();
await connection.quit();
process.disconnect();
