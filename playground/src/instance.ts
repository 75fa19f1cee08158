// One instance of the application, in its own process. The code of an application is `open()`: a storage, an auth
// object over it, a fetch that sends its token. The rest executes the playground's commands, and reports to it.
import { createHash } from 'node:crypto';
import { AuthenticationError, adobeIms, FrameioAuthError, WebAppAuth } from '@frameio-auth/core';
import { localInspector } from '@frameio-auth/inspector';
import { fileStorage } from '@frameio-auth/storage-file';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { acceleratedStorage } from './accelerated-storage.ts';
import type { Command, InstanceSettings, NumberedCommand, Report } from './messages.ts';
import { MovableClock } from './movable-clock.ts';

/** How long the server may take, in milliseconds; less than the duration of a lease. */
const TIMEOUT = 4_000;

/**
 * How often an instance calls the API by itself, as a busy application does, and how long it waits for the response, in
 * milliseconds.
 */
const CALLS = { every: 2_500, patience: 10_000 };

interface Application {
  readonly auth: WebAppAuth;
  readonly clock: MovableClock;
  /** Calls `/v4/me` with the session's token. */
  readonly whoAmI: (signal: AbortSignal) => Promise<Response>;
  close(): Promise<void>;
}

async function open(settings: InstanceSettings): Promise<Application> {
  const { name, clientId, clientSecret, redirectUri, authorizationServer, api, viewer, ahead } = settings;
  const clock = new MovableClock(ahead); // In an application: omit it, and everything that mentions it.
  const { storage, closeStorage } = await openStorage(settings.storage);
  const inspector = localInspector({ viewer, instance: name });
  const auth = new WebAppAuth({
    clientId,
    clientSecret,
    redirectUri,
    storage: acceleratedStorage(storage, () => clock.ahead), // In an application: `storage`.
    transport: fetchTransport({ timeout: TIMEOUT }),
    server: adobeIms({ origin: authorizationServer }), // In an application: omit it for Adobe's own.
    inspect: inspector.next,
    onTokenRefreshed: noteRefresh, // In an application: omit it. Here it reports which instance refreshed.
    clock,
  });
  const frameio = authenticatedFetch(auth, { allowedOrigins: [api] }); // In an application: without options.
  return {
    auth,
    clock,
    whoAmI: (signal) => frameio(`${api}/v4/me`, { signal }),
    async close() {
      await auth.close();
      await inspector.close();
      await closeStorage();
    },
  };
}

async function openStorage(place: InstanceSettings['storage']) {
  if ('directory' in place) {
    const storage = fileStorage(place);
    return { storage, closeStorage: () => storage.close() };
  }
  // Loaded only if there is a Redis, because instances start often here.
  const [{ redisStorage }, { Redis }] = await Promise.all([import('@frameio-auth/storage-redis'), import('ioredis')]);
  const client = new Redis(place.redis);
  const storage = redisStorage({ client });
  const closeStorage = async () => {
    await storage.close();
    await client.quit();
  };
  return { storage, closeStorage };
}

function send(report: Report): void {
  if (process.connected) process.send?.(report);
}

let application: Application;
let signingIn = false;

/** A sign-in also brings tokens, but is not a refresh. */
function noteRefresh(): void {
  if (!signingIn) send({ kind: 'refreshed' });
}

async function begin(settings: InstanceSettings): Promise<void> {
  application = await open(settings);
  application.auth.subscribe(reportStatus);
  await call();
  setInterval(callNowAndThen, CALLS.every);
}

function reportStatus(): void {
  const { auth } = application;
  const { state, step, expiresAt, degraded, ending } = auth.snapshot;
  const token = auth.peekToken();
  const name = token === undefined ? '' : createHash('sha256').update(token).digest('hex').slice(0, 4);
  send({
    kind: 'status',
    status: { state, step, token: name, expiresAt, degraded, ending: ending?.cause ?? null },
  });
}

let calling = false;

async function callNowAndThen(): Promise<void> {
  if (calling) return;
  calling = true;
  await call();
  calling = false;
}

/** Resolves to the status, or to the code of the error. */
async function call(): Promise<string> {
  try {
    const answer = await application.whoAmI(AbortSignal.timeout(CALLS.patience));
    const { data } = (await answer.json()) as { data?: { name: string } };
    send({ kind: 'called', succeeded: answer.ok, ...(data && { user: data.name }) });
    return String(answer.status);
  } catch (error) {
    // Being signed out is not a failure.
    if (!(error instanceof AuthenticationError)) send({ kind: 'called', succeeded: false });
    return codeOf(error);
  } finally {
    reportStatus();
  }
}

async function endSignIn(callback: string): Promise<void> {
  signingIn = true;
  try {
    await application.auth.handleCallback(callback);
  } finally {
    signingIn = false;
  }
}

async function execute(command: Command): Promise<string> {
  switch (command.name) {
    case 'begin':
      await begin(command.settings);
      return '';
    case 'beginSignIn':
      return (await application.auth.getAuthorizationUrl()).url;
    case 'endSignIn':
      await endSignIn(command.callback);
      return '';
    case 'call':
      return call();
    case 'revoke':
      await application.auth.revoke();
      return '';
    case 'advance':
      application.clock.advance(command.ms);
      return '';
    case 'end':
      await application.close();
      return '';
  }
}

function codeOf(error: unknown): string {
  if (error instanceof FrameioAuthError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

process.on('message', async ({ id, command }: NumberedCommand) => {
  try {
    send({ kind: 'answer', id, text: await execute(command) });
  } catch (error) {
    send({ kind: 'failure', id, code: codeOf(error) });
  }
  if (command.name === 'end') process.disconnect();
});
process.on('SIGINT', () => {}); // A terminal sends it to all processes. The playground says when to end.
process.on('disconnect', () => process.exit()); // The playground has disconnected this instance, or ended.
