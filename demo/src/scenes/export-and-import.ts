import { WebAppAuth } from '@frameio-auth/core';
import { exactly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { StateLog } from '../state-log.ts';
import type { SignedInUser } from './user-sign-in.ts';

export async function exportAndImport(demo: Demo, { session }: SignedInUser): Promise<void> {
  const { output, server, common } = demo;
  demo.scene(
    'Exported and imported',
    'Tokens are exported, and imported into an auth object that shares nothing with the old one. The user does ' +
      'not sign in again.',
  );
  const tokens = await session.exportTokens();
  const log = new StateLog();
  const { onStateChange } = log;
  const auth = new WebAppAuth({ ...server.clients.webApp, ...common, onStateChange });
  await auth.importTokens(tokens ?? {});
  const { status, name } = await demo.me(auth);

  output.states(exactly('restoring → unauthenticated → authorizing → valid', log.take()));
  const signIns = exactly(0, server.count({ endpoint: 'authorize' }));
  const requests = exactly(0, server.count({ endpoint: 'token' }));
  const found = exactly(fingerprint(tokens?.accessToken), fingerprint(auth.peekToken()));
  output.fact('server', `${signIns} sign-ins, ${requests} token requests: ${found} in both`);
  output.fact('caller', `GET /v4/me: ${exactly(200, status)}, hello ${exactly('Mara Editor', name)}`);
  await auth.close();
}
