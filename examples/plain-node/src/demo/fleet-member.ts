// A program that a scene runs three times at once: an instance of an application that stores its sessions in Redis.
import { adobeIms, WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import { redisStorage } from '@frameio-auth/storage-redis';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { Redis } from 'ioredis';
import { fingerprint } from './fingerprint.ts';
import { Journey } from './journey.ts';

/** The first message to it. The second, once it has the session's token, makes it call the API. */
export interface Task {
  readonly origin: string;
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly client: Pick<WebAppAuthOptions, 'clientId' | 'clientSecret' | 'redirectUri'>;
  readonly user: string;
}

/** Its messages: that it has the token, and then the result of the call. */
export type Message =
  | { readonly token: string }
  | { readonly token: string; readonly states: string; readonly status: number };

const tell = (message: Message): void => void process.send?.(message);
const hear = <Heard>(): Promise<Heard> =>
  new Promise((resolve) => process.once('message', (heard) => resolve(heard as Heard)));

const { origin, redis, client, user } = await hear<Task>();
const connection = new Redis(redis.url);
const storage = redisStorage({ client: connection, keyPrefix: redis.keyPrefix });
const journey = new Journey();
const { onStateChange } = journey;
const auth = new WebAppAuth({
  ...client,
  server: adobeIms({ origin }),
  transport: fetchTransport(),
  storage,
  onStateChange,
});
const session = auth.session(user);

tell({ token: fingerprint(await session.getToken()) });
journey.take();
await hear();
const { status } = await authenticatedFetch(session, { allowedOrigins: [origin] })(`${origin}/v4/me`);
tell({ token: fingerprint(await session.getToken()), states: journey.take(), status });
await auth.close();
await storage.close();
await connection.quit();
process.disconnect();
