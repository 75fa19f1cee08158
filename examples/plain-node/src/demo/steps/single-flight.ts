import { exactly, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { duration } from '../time.ts';
import type { World } from '../world.ts';
import type { Service } from './first-token.ts';

const CALLERS = 200;
const WEEKEND = 3 * 24 * 60 * 60_000;

export async function singleFlight(world: World, { auth, journey }: Service): Promise<void> {
  const { stage, server, clock } = world;
  world.scene(
    'Two hundred callers, one request',
    'The machine sleeps through a long weekend, and the token expires. On waking, two hundred jobs ask for a ' +
      'token at the same moment.',
  );
  // Unlike advance(), this runs no timer: the process was not running when they were due.
  clock.setNow(clock.now() + WEEKEND);
  const expired = truly('there is no good token any more', auth.peekToken() === undefined);
  stage.fact('clock', `+ ${duration(WEEKEND)}, asleep; ${expired}`);

  const tokens = await Promise.all(Array.from({ length: CALLERS }, () => auth.getToken()));

  stage.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', journey.take()));
  const requests = exactly(1, server.count({ endpoint: 'token' }));
  const shared = truly(`${fingerprint(tokens[0])} for all`, new Set(tokens).size === 1);
  stage.fact('server', `${requests} token request, ${exactly(CALLERS, tokens.length)} callers: ${shared}`);
  await auth.close();
}
