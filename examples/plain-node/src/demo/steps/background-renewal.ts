import { fault } from '@frameio-auth/testing';
import { exactly, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { duration, nextTimer, until } from '../time.ts';
import type { World } from '../world.ts';
import type { Service } from './first-token.ts';

export async function backgroundRenewal(world: World, { auth, journey }: Service): Promise<void> {
  const { stage, server, clock } = world;
  world.scene(
    'Renewed before it expires',
    'Minutes before its end, the token is renewed in the background. Here the server is slow to answer, and ' +
      'nobody has to wait for it.',
  );
  const old = await auth.getToken();
  const { expiresAt } = auth.snapshot;
  const answer = fault.heldAnswer();
  server.faults.next('token', answer);

  const passed = await nextTimer(clock);
  const left = (expiresAt ?? 0) - clock.now();
  await until(auth, ({ step }) => step === 'refreshing.requesting');
  stage.fact('clock', `+ ${duration(passed)}; ${truly(`the token has ${duration(left)} left`, left > 0)}`);
  const underWay = exactly('refreshing', auth.snapshot.state);
  const served = exactly(fingerprint(old), fingerprint(await auth.getToken()));
  stage.fact('session', `${underWay}; meanwhile, getToken() gives ${served}`);

  answer.release();
  await until(auth, ({ state }) => state === 'valid');
  stage.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', journey.take()));
  const token = await auth.getToken();
  const requests = exactly(1, server.count({ endpoint: 'token', status: 200 }));
  const replaced = truly(`${fingerprint(token)} in the place of ${served}`, token !== old);
  stage.fact('server', `${requests} token request: ${replaced}`);
}
