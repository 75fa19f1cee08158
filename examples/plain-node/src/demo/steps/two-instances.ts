import { type UserSession, WebAppAuth } from '@frameio-auth/core';
import { exactly, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { Journey } from '../journey.ts';
import type { World } from '../world.ts';
import type { Visitor } from './user-sign-in.ts';

const HOUR = 60 * 60_000;

/** Resolves to the session of the second instance. */
export async function twoInstances(world: World, { session, storage, journey }: Visitor): Promise<UserSession> {
  const { stage, server, clock, common } = world;
  world.scene(
    'Two instances, one refresh',
    'A second instance shares the storage. Next morning both find the token expired at the same moment; a ' +
      'refresh token works only once.',
  );
  const other = new Journey();
  const { onStateChange } = other;
  const auth = new WebAppAuth({ ...server.clients.webApp, ...common, storage, onStateChange });
  const otherSession = auth.session('mara');
  await otherSession.getToken();
  stage.states(exactly('restoring → valid', other.take()), 'second');
  clock.setNow((session.snapshot.expiresAt ?? 0) + HOUR);

  const [one, two] = await Promise.all([session.getToken(), otherSession.getToken()]);

  const first = journey.take();
  stage.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', first), 'first');
  stage.states(exactly('valid → refreshing (leasing, waiting, leasing) → valid', other.take()), 'second');
  const refreshes = exactly(1, server.count({ endpoint: 'token' }));
  const shared = truly(`${fingerprint(one)} for both`, one === two);
  stage.fact(
    'server',
    `${refreshes} refresh, ${exactly(0, server.count({ outcome: 'invalid_grant' }))} refused: ${shared}`,
  );
  return otherSession;
}
