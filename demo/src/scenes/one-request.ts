import { exactly, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { duration } from '../time.ts';
import type { Service } from './first-token.ts';

const CALLERS = 200;
const WEEKEND = 3 * 24 * 60 * 60_000;

export async function oneRequest(demo: Demo, { auth, log }: Service): Promise<void> {
  const { output, server, clock } = demo;
  demo.scene(
    'Two hundred callers, one request',
    'The machine sleeps for a long weekend, and the token expires. When it wakes up, two hundred jobs request a ' +
      'token at the same moment.',
  );
  // Unlike advance(), this runs no timer: the process was not running when they were due.
  clock.setNow(clock.now() + WEEKEND);
  const expired = truly('the token has expired', auth.peekToken() === undefined);
  output.fact('clock', `+ ${duration(WEEKEND)}, asleep; ${expired}`);

  const tokens = await Promise.all(Array.from({ length: CALLERS }, () => auth.getToken()));

  output.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', log.take()));
  const requests = exactly(1, server.count({ endpoint: 'token' }));
  const shared = truly(`${fingerprint(tokens[0])} for all`, new Set(tokens).size === 1);
  output.fact('server', `${requests} token request, ${exactly(CALLERS, tokens.length)} callers: ${shared}`);
  await auth.close();
}
