import type { UserSession } from '@frameio-auth/core';
import { exactly, rejectionOf, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { until } from '../time.ts';
import type { SignedInUser } from './user-sign-in.ts';

export async function signOut(demo: Demo, { session, log }: SignedInUser, other: UserSession): Promise<void> {
  const { output, server } = demo;
  demo.scene('Signing out', 'revoke() revokes the tokens at the server, and removes them from memory and storage.');
  const { accessToken = '', refreshToken = '' } = (await session.exportTokens()) ?? {};
  const { revokedRemotely } = await session.revoke();

  output.states(exactly('valid → revoking (requesting, committing) → revoked', log.take()));
  const revocations = exactly(2, server.count({ endpoint: 'revoke', status: 200 }));
  const revoked = !server.accessTokenIsLive(accessToken) && !server.refreshTokenIsLive(refreshToken);
  const names = `${fingerprint(accessToken)} and its refresh token ${fingerprint(refreshToken)}`;
  output.fact('server', `${revocations} revocations; ${truly(`${names} are revoked`, revoked && revokedRemotely)}`);
  await until(other, ({ state }) => state === 'revoked');
  output.fact('second', `${exactly('revoked', other.snapshot.state)} in the other instance too`);
  output.fact('caller', (await rejectionOf(session.getToken())).message);
}
