import { ServerToServerAuth } from '@frameio-auth/core';
import { exactly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { Journey } from '../journey.ts';
import { duration } from '../time.ts';
import type { World } from '../world.ts';

export interface Service {
  readonly auth: ServerToServerAuth;
  readonly journey: Journey;
}

export async function firstToken(world: World): Promise<Service> {
  const { stage, server, clock, common } = world;
  world.scene(
    'From nothing to a token',
    'A service signs in as itself, by its client ID and secret, and calls the API. The brackets hold the steps ' +
      'inside a state.',
  );

  const journey = new Journey();
  const { onStateChange } = journey;
  const auth = new ServerToServerAuth({ ...server.clients.serverToServer, ...common, onStateChange });
  const { status, name } = await world.me(auth);

  stage.states(exactly('restoring → authorizing (leasing, requesting, committing) → valid', journey.take()));
  const requests = exactly(1, server.count({ endpoint: 'token', grantType: 'client_credentials', status: 200 }));
  stage.fact(
    'server',
    `${requests} token request; GET /v4/me: ${exactly(200, status)}, hello ${exactly('Nightly Ingest', name)}`,
  );
  const left = (auth.snapshot.expiresAt ?? 0) - clock.now();
  stage.fact('token', `${fingerprint(auth.peekToken())}, good for ${exactly('23 h 59 min', duration(left))}`);
  return { auth, journey };
}
