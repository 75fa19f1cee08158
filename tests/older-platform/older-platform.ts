/** A single-page application on a platform that lacks what older browsers lack, for older-platform.test.ts; on the built packages. */
interface OlderPlatform {
  readonly origin: string;
  readonly client: { readonly clientId: string; readonly redirectUri: string };
  /** More that is missing, such as `crypto.subtle`. */
  readonly missing?: string;
}

/** What is younger than the oldest browsers that are supported. */
const YOUNGER = [
  ...['Response.json', 'URL.canParse', 'URL.parse', 'AbortSignal.any', 'AbortSignal.timeout'],
  ...['AbortSignal.prototype.throwIfAborted', 'Headers.prototype.getSetCookie', 'Array.fromAsync'],
  ...['findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with'].map(
    (name) => `Array.prototype.${name}`,
  ),
  ...['Object.groupBy', 'Map.groupBy', 'Promise.withResolvers', 'Promise.try', 'Iterator', 'navigator'],
  'String.prototype.isWellFormed', // Node's fetch needs toWellFormed.
  ...['Uint8Array.fromBase64', 'Uint8Array.prototype.toBase64', 'Set.prototype.union', 'Set.prototype.difference'],
];

/** Takes away what is named by a path from the global object. */
function remove(path: string): void {
  const names = path.split('.');
  const last = names.pop() as string;
  const owner = names.reduce<object | undefined>((object, name) => Reflect.get(object ?? {}, name), globalThis);
  if (owner !== undefined) Object.defineProperty(owner, last, { value: undefined, configurable: true, writable: true });
}

const { origin, client, missing } = JSON.parse(process.env['OLDER_PLATFORM'] ?? '') as OlderPlatform;
// Node's own fetch uses what is younger, and looks for it when it is first called.
await (await fetch(origin)).text();
for (const path of [...YOUNGER, ...(missing === undefined ? [] : [missing])]) remove(path);
// Packages may look what there is when they are loaded.
const { adobeIms, SPAAuth } = await import('@frameio-auth/core');
const { authenticatedFetch, fetchTransport } = await import('@frameio-auth/transport-fetch');

process.on('message', async (callback: string) => {
  try {
    await auth?.handleCallback(callback);
    await auth?.refresh();
    const { status } = await authenticatedFetch(auth as never, { allowedOrigins: [origin] })(`${origin}/v4/me`, {
      signal: new AbortController().signal,
    });
    process.send?.({ status });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
  process.disconnect();
});

function start() {
  try {
    return new SPAAuth({ ...client, transport: fetchTransport(), server: adobeIms({ origin }) });
  } catch (error) {
    process.send?.({ error: String(error) }, () => process.disconnect());
    return undefined;
  }
}

const auth = start();
if (auth !== undefined) process.send?.({ url: (await auth.getAuthorizationUrl()).url });
