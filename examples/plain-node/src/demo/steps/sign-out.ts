import type { UserSession } from '@frameio-auth/core';
import { exactly, refusalOf, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { until } from '../time.ts';
import type { World } from '../world.ts';
import type { Visitor } from './user-sign-in.ts';

export async function signOut(world: World, { session, journey }: Visitor, other: UserSession): Promise<void> {
  const { stage, server } = world;
  world.scene('Signing out', 'revoke() ends the tokens at the server, in memory and in storage.');
  const { accessToken = '', refreshToken = '' } = (await session.exportTokens()) ?? {};
  const { revokedRemotely } = await session.revoke();

  stage.states(exactly('valid → revoking (requesting, committing) → revoked', journey.take()));
  const revocations = exactly(2, server.count({ endpoint: 'revoke', status: 200 }));
  const dead = !server.accessTokenIsLive(accessToken) && !server.refreshTokenIsLive(refreshToken);
  const names = `${fingerprint(accessToken)} and its refresh token ${fingerprint(refreshToken)}`;
  stage.fact('server', `${revocations} revocations; ${truly(`${names} are dead`, dead && revokedRemotely)}`);
  await until(other, ({ state }) => state === 'revoked');
  stage.fact('second', `${exactly('revoked', other.snapshot.state)} as well, in the other instance`);
  stage.fact('caller', (await refusalOf(session.getToken())).message);
}
