import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import type { Inspect, ServerToServerAuth } from '@frameio-auth/core';
import { localInspector, safeInspector } from '@frameio-auth/inspector';
import { fictionalAuth } from './fictional-auth.ts';
import { compare, print } from './table.ts';

const RENEWALS = 200;
const ROUNDS = 5;

/**
 * Measures the cost of inspection: for a refresh, in which a session handles four events, and for a token in memory.
 */
export async function inspection(): Promise<void> {
  const alone = localInspector();
  const viewed = localInspector();
  const poster = localInspector({ viewer: await alone.postingUrl() });
  const stream = await openStream(await viewed.url());
  const inspectors: readonly (readonly [name: string, inspect?: Inspect])[] = [
    ['no listener'],
    ["a function that ignores XState's events", () => {}],
    ['safeInspector(), into a sink that ignores messages', safeInspector({ sink: () => {} })],
    ['localInspector(), and no viewer is open', alone],
    ['localInspector(), and a viewer is open', viewed],
    ["localInspector(), into another one's viewer", poster],
  ];
  const auths = inspectors.map(([, inspect]) => fictionalAuth(inspect && { inspect }));
  await Promise.all(auths.map((auth) => auth.getToken()));

  // In turns, so that other load on the machine affects all of them.
  const times: number[][] = auths.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, auth] of auths.entries()) times[index]?.push(await timeOfARenewal(auth));
  }
  print(
    'A renewal without network, watched by',
    inspectors.map(([name], index) => [name, median(times[index] ?? [])]),
    (microseconds) => `${microseconds.toFixed(0)} µs`,
  );
  const [unwatched, , , , watched] = auths as [ServerToServerAuth, never, never, never, ServerToServerAuth];
  await compare('A cached token, awaited, watched by', [
    ['no listener', unwatched.getToken],
    ['localInspector(), and a viewer is open', watched.getToken],
  ]);

  for (const auth of auths) await auth.close();
  stream.destroy();
  for (const inspector of [poster, alone, viewed]) await inspector.close();
}

/** CPU time, in microseconds; includes messages that are written between refreshes. */
async function timeOfARenewal(auth: ServerToServerAuth): Promise<number> {
  const before = process.cpuUsage();
  for (let renewal = 0; renewal < RENEWALS; renewal += 1) {
    await auth.refresh();
    await turnOfTheEventLoop();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / RENEWALS;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Reads what the viewer's page would. */
async function openStream(link: string): Promise<IncomingMessage> {
  const cookie = (await fetch(link)).headers.get('set-cookie')?.split(';')[0] ?? '';
  const [stream] = (await once(request(new URL('/events', link), { headers: { cookie } }).end(), 'response')) as [
    IncomingMessage,
  ];
  return stream.on('error', () => {}).resume();
}
