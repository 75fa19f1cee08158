import { fault } from '@frameio-auth/testing';
import { exactly, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { duration, nextTimer, until } from '../time.ts';
import type { Service } from './first-token.ts';

export async function backgroundRefresh(demo: Demo, { auth, log }: Service): Promise<void> {
  const { output, server, clock } = demo;
  demo.scene(
    'Refreshed before it expires',
    'Minutes before it expires, the token is refreshed in the background. The server is slow here, but no caller ' +
      'waits for it.',
  );
  const old = await auth.getToken();
  const { expiresAt } = auth.snapshot;
  const response = fault.heldAnswer();
  server.faults.next('token', response);

  const passed = await nextTimer(clock);
  const left = (expiresAt ?? 0) - clock.now();
  await until(auth, ({ step }) => step === 'refreshing.requesting');
  output.fact('clock', `+ ${duration(passed)}; ${truly(`the token is valid for ${duration(left)} more`, left > 0)}`);
  const state = exactly('refreshing', auth.snapshot.state);
  const served = exactly(fingerprint(old), fingerprint(await auth.getToken()));
  output.fact('session', `${state}; meanwhile, getToken() returns ${served}`);

  response.release();
  await until(auth, ({ state }) => state === 'valid');
  output.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', log.take()));
  const token = await auth.getToken();
  const requests = exactly(1, server.count({ endpoint: 'token', status: 200 }));
  const replaced = truly(`${fingerprint(token)} replaces ${served}`, token !== old);
  output.fact('server', `${requests} token request: ${replaced}`);
}
