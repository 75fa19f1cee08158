import { type UserSession, WebAppAuth } from '@frameio-auth/core';
import { exactly, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { StateLog } from '../state-log.ts';
import type { SignedInUser } from './user-sign-in.ts';

const HOUR = 60 * 60_000;

/** Resolves to the session of the second instance. */
export async function twoInstances(demo: Demo, { session, storage, log }: SignedInUser): Promise<UserSession> {
  const { output, server, clock, common } = demo;
  demo.scene(
    'Two instances, one refresh',
    'A second instance shares the storage. The next morning, both find the token expired at the same moment. A ' +
      'refresh token works only once.',
  );
  const other = new StateLog();
  const { onStateChange } = other;
  const auth = new WebAppAuth({ ...server.clients.webApp, ...common, storage, onStateChange });
  const otherSession = auth.session('mara');
  await otherSession.getToken();
  output.states(exactly('restoring → valid', other.take()), 'second');
  clock.setNow((session.snapshot.expiresAt ?? 0) + HOUR);

  const [one, two] = await Promise.all([session.getToken(), otherSession.getToken()]);

  const first = log.take();
  output.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', first), 'first');
  output.states(exactly('valid → refreshing (leasing, waiting, leasing) → valid', other.take()), 'second');
  const refreshes = exactly(1, server.count({ endpoint: 'token' }));
  const shared = truly(`${fingerprint(one)} for both`, one === two);
  output.fact(
    'server',
    `${refreshes} refresh, ${exactly(0, server.count({ outcome: 'invalid_grant' }))} rejected: ${shared}`,
  );
  return otherSession;
}
