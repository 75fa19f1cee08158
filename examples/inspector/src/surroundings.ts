// What the two programs need on this machine alone: a server that plays Adobe's, and somebody who watches.
import { once } from 'node:events';
import { adobeIms } from '@frameio-auth/core';
import type { InspectorMessage, LocalInspector } from '@frameio-auth/inspector';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';

const server = await startAuthorizationServer({ accessTokenLifetime: 60 });

/** For the real thing: your client ID and secret, and without `server`, which is Adobe's then. */
export const account = {
  ...server.clients.serverToServer,
  server: adobeIms({ origin: server.origin }),
  transport: fetchTransport(),
};

/** Ends what runs here. */
export async function leave(): Promise<void> {
  await server.close();
}

/** Shows the link and something to look at until Ctrl-C; with `--once`, plays the browser and ends. */
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

/** What the page is told over its stream, as far as it is states, to the last one that is waited for. */
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
