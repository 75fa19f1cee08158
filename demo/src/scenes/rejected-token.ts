import { exactly, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import type { SignedInUser } from './user-sign-in.ts';

export async function rejectedToken(demo: Demo, { session, log }: SignedInUser): Promise<void> {
  const { output, server } = demo;
  demo.scene(
    'The API answers 401',
    'The token was revoked elsewhere. authenticatedFetch() reports which token was rejected, and retries the ' +
      'call once with a new one.',
  );
  const old = await session.getToken();
  server.revokeToken(old);

  const { status } = await demo.me(session);

  output.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', log.take()));
  const calls = server.requests.filter(({ endpoint }) => endpoint === 'api').map((call) => call.status);
  const requests = exactly(1, server.count({ endpoint: 'token' }));
  output.fact('server', `GET /v4/me answered ${exactly('401, 200', calls.join(', '))}; ${requests} token request`);
  const token = await session.getToken();
  const replaced = truly(`${fingerprint(token)} replaces ${fingerprint(old)}`, token !== old);
  output.fact('caller', `sees only the ${exactly(200, status)}; ${replaced}`);
}
