import { type UserSession, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { exactly, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import { Journey } from '../journey.ts';
import type { World } from '../world.ts';

export interface Visitor {
  readonly auth: WebAppAuth;
  readonly session: UserSession;
  readonly storage: TokenStorage;
  readonly journey: Journey;
}

export async function userSignIn(world: World): Promise<Visitor> {
  const { stage, server, clock, common } = world;
  world.scene(
    'A user signs in',
    'A web application sends a user to the sign-in page, protected by PKCE. No browser is needed here: ' +
      'server.signIn() clicks on "Allow".',
  );
  const journey = new Journey();
  const { onStateChange } = journey;
  const storage = memoryStorage({ clock });
  const auth = new WebAppAuth({ ...server.clients.webApp, ...common, storage, onStateChange });
  const session = auth.session('mara');

  const { url } = await session.getAuthorizationUrl({ loginHint: 'mara@studio.example' });
  const { pathname, searchParams } = new URL(url);
  const method = exactly('S256', searchParams.get('code_challenge_method') ?? '');
  stage.fact('browser', `${pathname}?response_type=code&…&code_challenge_method=${method}`);
  await session.handleCallback(await server.signIn(url, { user: 'mara@studio.example' }));

  stage.states(
    exactly(
      'restoring → unauthenticated → authorizing (awaitingRedirect, requesting, committing) → valid',
      journey.take(),
    ),
  );
  const { status, name } = await world.me(session);
  stage.fact('server', `GET /v4/me: ${exactly(200, status)}, hello ${exactly('Mara Editor', name)}`);

  const first = await session.exportTokens();
  await session.refresh();
  const second = await session.exportTokens();
  stage.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', journey.take()), 'refresh');
  const granted = exactly(1, server.count({ grantType: 'refresh_token', outcome: 'granted' }));
  const before = fingerprint(first?.refreshToken);
  const after = fingerprint(second?.refreshToken);
  const spent = truly(`${before} is spent`, server.refreshTokenIsLive(first?.refreshToken ?? '') === false);
  const live = truly(`${after} lives`, server.refreshTokenIsLive(second?.refreshToken ?? ''));
  stage.fact('server', `${granted} refresh granted: refresh token ${spent}, ${live}`);
  return { auth, session, storage, journey };
}
