import { exactly, refusalOf, truly } from '../claims.ts';
import type { World } from '../world.ts';
import type { Visitor } from './user-sign-in.ts';

export async function forgedCallback(world: World, { auth, session, journey }: Visitor): Promise<void> {
  const { stage, server } = world;
  world.scene(
    'Forged and replayed callbacks',
    'Mara signs in once more. Her callback is tampered with, then tried by another user and, once it has done ' +
      'its work, used again.',
  );
  const { url } = await session.getAuthorizationUrl();
  const callback = new URL(await server.signIn(url));
  const tampered = new URL(callback);
  tampered.searchParams.set('state', 'made-up');
  const standing = () => JSON.stringify(session.snapshot);

  const before = standing();
  stage.fact('tampered', (await refusalOf(session.handleCallback(tampered))).message);
  stage.fact('other', (await refusalOf(auth.session('ode').handleCallback(callback))).message);
  const undisturbed = truly('as it was', standing() === before);
  stage.fact('session', `${undisturbed}; ${exactly(0, server.count({ endpoint: 'token' }))} token requests`);

  await session.handleCallback(callback);
  stage.states(exactly('valid → authorizing (requesting, committing) → valid', journey.take()), 'genuine');
  const after = standing();
  stage.fact('replayed', (await refusalOf(session.handleCallback(callback))).message);
  const unharmed = truly('as it was', standing() === after);
  stage.fact('session', `${unharmed}; ${exactly(1, server.count({ endpoint: 'token' }))} token request in all`);
}
