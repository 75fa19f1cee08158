import { fault } from '@frameio-auth/testing';
import { exactly, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { duration, nextTimer, until } from '../time.ts';
import type { SignedInUser } from './user-sign-in.ts';

export async function outage(demo: Demo, { session, log }: SignedInUser): Promise<void> {
  const { output, server, clock } = demo;
  demo.scene(
    'The server is down',
    'A refresh is due, and the server answers 503. The token is valid for minutes more, so it is served while ' +
      'the session retries.',
  );
  const old = await session.getToken();
  const down = server.faults.always('token', fault.status(503));

  const passed = await nextTimer(clock);
  await until(session, ({ attempt }) => attempt === 1);
  const { degraded, failure } = session.snapshot;
  const condition = `${truly('degraded', degraded)} (${exactly('http_503', failure?.code ?? '')})`;
  const served = exactly(fingerprint(old), fingerprint(await session.getToken()));
  output.fact('clock', `+ ${duration(passed)}`);
  output.fact('session', `${condition}; getToken() still returns ${served}`);

  const pause = await nextTimer(clock);
  await until(session, ({ attempt }) => attempt === 2);
  down.remove();
  const nextPause = await nextTimer(clock);
  await until(session, ({ state }) => state === 'valid');
  output.fact('clock', `+ ${duration(pause)}, + ${duration(nextPause)} (random pauses); the server is back`);
  output.states(
    exactly(
      'valid → refreshing (leasing, requesting, backingOff, leasing, requesting, backingOff, leasing, requesting, ' +
        'committing) → valid',
      log.take(),
    ),
  );
  const statuses = server.requests.filter(({ endpoint }) => endpoint === 'token').map(({ status }) => status);
  const token = await session.getToken();
  const replaced = truly(`${fingerprint(token)} replaces ${served}`, token !== old);
  output.fact('server', `token requests answered ${exactly('503, 503, 200', statuses.join(', '))}: ${replaced}`);
  output.fact('session', `${truly('healthy again', !session.snapshot.degraded)}, without any action`);
}
