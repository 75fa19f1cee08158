import { exactly, rejectionOf, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import type { SignedInUser } from './user-sign-in.ts';

export async function forgedCallback(demo: Demo, { auth, session, log }: SignedInUser): Promise<void> {
  const { output, server } = demo;
  demo.scene(
    'Forged and replayed callbacks',
    'Mara signs in again. Her callback is changed, then used by another user, and used again after it has ' +
      'worked once.',
  );
  const { url } = await session.getAuthorizationUrl();
  const callback = new URL(await server.signIn(url));
  const tampered = new URL(callback);
  tampered.searchParams.set('state', 'made-up');
  const state = () => JSON.stringify(session.snapshot);

  const before = state();
  output.fact('tampered', (await rejectionOf(session.handleCallback(tampered))).message);
  output.fact('other', (await rejectionOf(auth.session('ode').handleCallback(callback))).message);
  const isUnchanged = truly('unchanged', state() === before);
  output.fact('session', `${isUnchanged}; ${exactly(0, server.count({ endpoint: 'token' }))} token requests`);

  await session.handleCallback(callback);
  output.states(exactly('valid → authorizing (requesting, committing) → valid', log.take()), 'genuine');
  const after = state();
  output.fact('replayed', (await rejectionOf(session.handleCallback(callback))).message);
  const isStillUnchanged = truly('unchanged', state() === after);
  output.fact(
    'session',
    `${isStillUnchanged}; ${exactly(1, server.count({ endpoint: 'token' }))} token request in all`,
  );
}
