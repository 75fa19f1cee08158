// A program that a scene starts, stops and starts again: it stores its user's sign-in in files.
import { adobeIms, WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import { fileStorage } from '@frameio-auth/storage-file';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { Journey } from './journey.ts';

/** The message to it at its start. */
export interface Task {
  readonly origin: string;
  readonly directory: string;
  readonly client: Pick<WebAppAuthOptions, 'clientId' | 'clientSecret' | 'redirectUri'>;
}

/** Its messages: where its user has to sign in, or, at its end, the result. */
export type Message = { readonly url: string } | { readonly states: string; readonly status: number };

/** Only a forked program has a parent to report to. */
const tell = (message: Message): void => void process.send?.(message);
const hear = <Heard>(): Promise<Heard> =>
  new Promise((resolve) => process.once('message', (heard) => resolve(heard as Heard)));

const { origin, directory, client } = await hear<Task>();
const journey = new Journey();
const { onStateChange } = journey;
const storage = fileStorage({ directory });
const auth = new WebAppAuth({
  ...client,
  server: adobeIms({ origin }),
  transport: fetchTransport(),
  storage,
  onStateChange,
});

const fetch = authenticatedFetch(auth, { allowedOrigins: [origin] });
const me = () => fetch(`${origin}/v4/me`);
const answer = await me().catch(async () => {
  const { url } = await auth.getAuthorizationUrl();
  tell({ url });
  await auth.handleCallback(await hear<string>());
  return me();
});
tell({ states: journey.take(), status: answer.status });
await auth.close();
await storage.close();
process.disconnect();
