// What the two programs need only in this example: a local server in place of Adobe's, and a viewer.
import { once } from 'node:events';
import { adobeIms } from '@frameio-auth/core';
import type { InspectorMessage, LocalInspector } from '@frameio-auth/inspector';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';

const server = await startAuthorizationServer({ accessTokenLifetime: 60 });

/** For real use: your client ID and secret, and no `server`, which then defaults to Adobe's. */
export const account = {
  ...server.clients.serverToServer,
  server: adobeIms({ origin: server.origin }),
  transport: fetchTransport(),
};

/** Stops what runs here. */
export async function leave(): Promise<void> {
  await server.close();
}

/** Prints the link and refreshes until Ctrl-C; with `--once`, acts as the browser and ends. */
export async function stay(inspector: LocalInspector, refresh: () => Promise<void>): Promise<void> {
  if (process.argv.includes('--once')) {
    const watching = statesSeen(await inspector.url(), 'refreshing.committing');
    await refresh();
    console.log(`Seen on the page: ${(await watching).join(' → ')}`);
    return;
  }
  console.log(`Open ${await inspector.url()}\nThe link works once. Ctrl-C ends this program.`);
  const renewing = setInterval(() => void refresh().catch(() => {}), 10_000);
  await once(process, 'SIGINT');
  clearInterval(renewing);
}

/** Resolves to the states in the page's event stream, up to the given last one. */
async function statesSeen(link: string, last: string): Promise<string[]> {
  const cookie = (await fetch(link)).headers.get('set-cookie')?.split(';')[0] ?? '';
  const { body } = await fetch(new URL('/events', link), { headers: { cookie } });
  const states: string[] = [];
  let text = '';
  for await (const part of (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    text += part;
    for (const [, data = ''] of text.matchAll(/event: messages\ndata: (.*)\n\n/g)) {
      for (const message of JSON.parse(data) as InspectorMessage[]) {
        if (message.type === '@xstate.snapshot') states.push(message.frameio.facts.state);
      }
    }
    text = text.slice(text.lastIndexOf('\n\n') + 2);
    if (states.includes(last)) break;
  }
  return states;
}
