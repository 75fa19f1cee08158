import { WebAppAuth } from '@frameio-auth/core';
import { exactly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { Journey } from '../journey.ts';
import type { World } from '../world.ts';
import type { Visitor } from './user-sign-in.ts';

export async function exportAndImport(world: World, { session }: Visitor): Promise<void> {
  const { stage, server, common } = world;
  world.scene(
    'Moving house',
    'Tokens are exported, and imported into an auth object that shares nothing with the old one. Nobody has to ' +
      'sign in again.',
  );
  const tokens = await session.exportTokens();
  const journey = new Journey();
  const { onStateChange } = journey;
  const auth = new WebAppAuth({ ...server.clients.webApp, ...common, onStateChange });
  await auth.importTokens(tokens ?? {});
  const { status, name } = await world.me(auth);

  stage.states(exactly('restoring → unauthenticated → authorizing → valid', journey.take()));
  const signIns = exactly(0, server.count({ endpoint: 'authorize' }));
  const requests = exactly(0, server.count({ endpoint: 'token' }));
  const found = exactly(fingerprint(tokens?.accessToken), fingerprint(auth.peekToken()));
  stage.fact('server', `${signIns} sign-ins, ${requests} token requests: ${found} in both`);
  stage.fact('caller', `GET /v4/me: ${exactly(200, status)}, hello ${exactly('Mara Editor', name)}`);
  await auth.close();
}
