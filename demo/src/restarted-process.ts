// The process that a scene starts, stops and starts again. It stores its user's sign-in in files.
import { adobeIms, WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import { fileStorage } from '@frameio-auth/storage-file';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { StateLog } from './state-log.ts';

/** The first message to the process. */
export interface Task {
  readonly origin: string;
  readonly directory: string;
  readonly client: Pick<WebAppAuthOptions, 'clientId' | 'clientSecret' | 'redirectUri'>;
}

/** The messages of the process: where its user signs in, or, at the end, the result. */
export type Message = { readonly url: string } | { readonly states: string; readonly status: number };

const send = (message: Message): void => void process.send?.(message);
const receive = <Received>(): Promise<Received> =>
  new Promise((resolve) => process.once('message', (message) => resolve(message as Received)));

const { origin, directory, client } = await receive<Task>();
const log = new StateLog();
const { onStateChange } = log;
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
const response = await me().catch(async () => {
  const { url } = await auth.getAuthorizationUrl();
  send({ url });
  await auth.handleCallback(await receive<string>());
  return me();
});
send({ states: log.take(), status: response.status });
await auth.close();
await storage.close();
process.disconnect();
