import { fault } from '@frameio-auth/testing';
import { exactly, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { duration, nextTimer, until } from '../time.ts';
import type { World } from '../world.ts';
import type { Visitor } from './user-sign-in.ts';

export async function outage(world: World, { session, journey }: Visitor): Promise<void> {
  const { stage, server, clock } = world;
  world.scene(
    'The server is down',
    'A renewal is due, and the server answers 503. The token is good for minutes more: it is served while the ' +
      'session tries again.',
  );
  const old = await session.getToken();
  const down = server.faults.always('token', fault.status(503));

  const passed = await nextTimer(clock);
  await until(session, ({ attempt }) => attempt === 1);
  const { degraded, failure } = session.snapshot;
  const trouble = `${truly('degraded', degraded)} (${exactly('http_503', failure?.code ?? '')})`;
  const served = exactly(fingerprint(old), fingerprint(await session.getToken()));
  stage.fact('clock', `+ ${duration(passed)}`);
  stage.fact('session', `${trouble}; getToken() still gives ${served}`);

  const pause = await nextTimer(clock);
  await until(session, ({ attempt }) => attempt === 2);
  down.remove();
  const nextPause = await nextTimer(clock);
  await until(session, ({ state }) => state === 'valid');
  stage.fact('clock', `+ ${duration(pause)}, + ${duration(nextPause)} (random pauses); the server is back`);
  stage.states(
    exactly(
      'valid → refreshing (leasing, requesting, backingOff, leasing, requesting, backingOff, leasing, requesting, ' +
        'committing) → valid',
      journey.take(),
    ),
  );
  const answers = server.requests.filter(({ endpoint }) => endpoint === 'token').map(({ status }) => status);
  const token = await session.getToken();
  const replaced = truly(`${fingerprint(token)} in the place of ${served}`, token !== old);
  stage.fact('server', `token requests answered ${exactly('503, 503, 200', answers.join(', '))}: ${replaced}`);
  stage.fact('session', `${truly('well again', !session.snapshot.degraded)}, without anybody's help`);
}
