import { exactly, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import type { World } from '../world.ts';
import type { Visitor } from './user-sign-in.ts';

export async function rejectedToken(world: World, { session, journey }: Visitor): Promise<void> {
  const { stage, server } = world;
  world.scene(
    'The API says 401',
    'The token was taken back, unknown to us. authenticatedFetch() reports which one was refused, and repeats ' +
      'the call once with a new one.',
  );
  const old = await session.getToken();
  server.revokeToken(old);

  const { status } = await world.me(session);

  stage.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', journey.take()));
  const calls = server.requests.filter(({ endpoint }) => endpoint === 'api').map((call) => call.status);
  const requests = exactly(1, server.count({ endpoint: 'token' }));
  stage.fact('server', `GET /v4/me answered ${exactly('401, 200', calls.join(', '))}; ${requests} token request`);
  const token = await session.getToken();
  const replaced = truly(`${fingerprint(old)} gave way to ${fingerprint(token)}`, token !== old);
  stage.fact('caller', `sees the ${exactly(200, status)} alone; ${replaced}`);
}
