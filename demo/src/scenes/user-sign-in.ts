import { type UserSession, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { exactly, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import { StateLog } from '../state-log.ts';

export interface SignedInUser {
  readonly auth: WebAppAuth;
  readonly session: UserSession;
  readonly storage: TokenStorage;
  readonly log: StateLog;
}

export async function userSignIn(demo: Demo): Promise<SignedInUser> {
  const { output, server, clock, common } = demo;
  demo.scene(
    'A user signs in',
    'A web application sends a user to the sign-in page, with PKCE. The demo needs no browser: server.signIn() ' +
      'clicks "Allow".',
  );
  const log = new StateLog();
  const { onStateChange } = log;
  const storage = memoryStorage({ clock });
  const auth = new WebAppAuth({ ...server.clients.webApp, ...common, storage, onStateChange });
  const session = auth.session('mara');

  const { url } = await session.getAuthorizationUrl({ loginHint: 'mara@studio.example' });
  const { pathname, searchParams } = new URL(url);
  const method = exactly('S256', searchParams.get('code_challenge_method') ?? '');
  output.fact('browser', `${pathname}?response_type=code&…&code_challenge_method=${method}`);
  await session.handleCallback(await server.signIn(url, { user: 'mara@studio.example' }));

  output.states(
    exactly('restoring → unauthenticated → authorizing (awaitingRedirect, requesting, committing) → valid', log.take()),
  );
  const { status, name } = await demo.me(session);
  output.fact('server', `GET /v4/me: ${exactly(200, status)}, hello ${exactly('Mara Editor', name)}`);

  const first = await session.exportTokens();
  await session.refresh();
  const second = await session.exportTokens();
  output.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', log.take()), 'refresh');
  const granted = exactly(1, server.count({ grantType: 'refresh_token', outcome: 'granted' }));
  const before = fingerprint(first?.refreshToken);
  const after = fingerprint(second?.refreshToken);
  const spent = truly(`${before} is spent`, server.refreshTokenIsLive(first?.refreshToken ?? '') === false);
  const live = truly(`${after} is live`, server.refreshTokenIsLive(second?.refreshToken ?? ''));
  output.fact('server', `${granted} refresh granted: refresh token ${spent}, ${live}`);
  return { auth, session, storage, log };
}
