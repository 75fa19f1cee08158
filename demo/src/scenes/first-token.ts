import { ServerToServerAuth } from '@frameio-auth/core';
import { exactly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { StateLog } from '../state-log.ts';
import { duration } from '../time.ts';

export interface Service {
  readonly auth: ServerToServerAuth;
  readonly log: StateLog;
}

export async function firstToken(demo: Demo): Promise<Service> {
  const { output, server, clock, common } = demo;
  demo.scene(
    'From nothing to a token',
    'A service signs in as itself, with its client ID and secret, and calls the API. Steps inside a state are in ' +
      'parentheses.',
  );

  const log = new StateLog();
  const { onStateChange } = log;
  const auth = new ServerToServerAuth({ ...server.clients.serverToServer, ...common, onStateChange });
  const { status, name } = await demo.me(auth);

  output.states(exactly('restoring → authorizing (leasing, requesting, committing) → valid', log.take()));
  const requests = exactly(1, server.count({ endpoint: 'token', grantType: 'client_credentials', status: 200 }));
  output.fact(
    'server',
    `${requests} token request; GET /v4/me: ${exactly(200, status)}, hello ${exactly('Nightly Ingest', name)}`,
  );
  const left = (auth.snapshot.expiresAt ?? 0) - clock.now();
  output.fact('token', `${fingerprint(auth.peekToken())}, valid for ${exactly('23 h 59 min', duration(left))}`);
  return { auth, log };
}
