import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createActor, setup } from 'xstate';
import { fictionalAuth } from './fictional-auth.ts';
import { print } from './table.ts';

const SESSIONS = 10_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Measures heap and time of ten thousand idle sessions that have a token. The floor is a bare XState actor. */
export async function idleSessions(): Promise<void> {
  const smallest = setup({}).createMachine({ initial: 'idle', states: { idle: {} } });
  const actor = await heapOfEach(() => createActor(smallest).start());

  const auth = fictionalAuth();
  await auth.getToken();
  const started = performance.now();
  const session = await heapOfEach(async (index) => {
    const made = auth.session(`user-${index}`);
    await made.getToken();
    return made;
  });
  const elapsed = performance.now() - started;
  print(
    `Heap of one of ${SESSIONS} that are idle`,
    [
      ['an XState actor with one state', actor],
      ['a session with its token and its record in memory', session],
    ],
    (bytes) => `${Math.round(bytes)} bytes`,
  );
  console.log(
    `  ${((elapsed * 1_000) / SESSIONS).toFixed(0)} µs from nothing to a token, for each session (no network)\n`,
  );
  await auth.close();
}

async function heapOfEach(make: (index: number) => unknown): Promise<number> {
  await make(-1);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const kept: unknown[] = [];
  for (let index = 0; index < SESSIONS; index += 1) kept.push(await make(index));
  collectGarbage();
  const each = (process.memoryUsage().heapUsed - before) / SESSIONS;
  // Read after the measurement, so that nothing was collected before it.
  if (kept.length !== SESSIONS) throw new Error('A session was lost.');
  return each;
}
