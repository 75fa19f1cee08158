import { customServer, type FrameioAuthError, ServerToServerAuth, UserActionRequiredError } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, idle, startWorld, type World } from './world.js';

const ESCAPE = '\u001b[32m';
const FORGED = `gone.\n${ESCAPE}[app] LOG user admin logged in\u001b[39m\u2028`;
/** What breaks a log line, colours a terminal or reverses the reading order. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Everything that is shown of a session and of what it rejects with. */
function shownOf(auth: { readonly snapshot: object }, error?: Error): string[] {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect([auth.snapshot, error && { ...error, message: error.message }]);
  return texts;
}

/** Returns a storage with a planted record under the session's key. */
async function injected({ server, profile, clock }: World, body: object, name = 'session/default') {
  const storage = memoryStorage({ clock });
  const key = [profile.issuer, server.clients.webApp.clientId].map(encodeURIComponent).join('/');
  await storage.commit(`${key}/${name}`, { value: JSON.stringify({ format: 1, ...body }), expectedVersion: 0 });
  return storage;
}

const failureIn = (failure: object) => ({
  status: 'expired',
  ending: {
    cause: 'refresh_token_rejected',
    failure: { kind: 'terminal', source: 'server', code: 'gone', description: 'Gone.', ...failure },
  },
});

describe('a planted record', () => {
  it.each<readonly [string, object]>([
    ['forges log lines', failureIn({ code: `x${FORGED}`, description: FORGED, debugId: FORGED })],
    [
      'is endless',
      failureIn({ code: 'x'.repeat(10_000), description: 'y'.repeat(100_000), debugId: 'z'.repeat(5_000) }),
    ],
    [
      'sends users to an address with a password',
      failureIn({ userActionRequired: true, actionUrl: 'https://adobe.example:x@evil.example/' }),
    ],
    ['sends users to a script', failureIn({ userActionRequired: true, actionUrl: 'javascript:alert(1)' })],
    [
      'sends users to an address that shows another',
      failureIn({ userActionRequired: true, actionUrl: `https://a.example/${FORGED}` }),
    ],
    ['has words that objects have anyway', failureIn({ code: 'constructor', description: '__proto__', status: '200' })],
  ])('and that %s is shown as what a server says is: cleaned, cut, and without the address', async (_what, body) => {
    const world = await startWorld();
    const auth = world.portal({ storage: await injected(world, body) });
    const error = (await errorOf(auth.getToken())) as FrameioAuthError & { actionUrl?: string };
    for (const text of shownOf(auth, error)) {
      expect(text).not.toMatch(UNSHOWABLE);
      expect(text.length).toBeLessThan(1_500);
    }
    expect(error.actionUrl).toBeUndefined();
    expect(JSON.stringify(auth.snapshot)).not.toContain('actionUrl');
  });

  it('keeps the address where a user must act, when it is one that a server could have named', async () => {
    const world = await startWorld();
    const body = failureIn({ userActionRequired: true, actionUrl: 'https://adobe.example/terms' });
    const error = await errorOf(world.portal({ storage: await injected(world, body) }).getToken());
    expect(error).toBeInstanceOf(UserActionRequiredError);
    expect(error).toMatchObject({ actionUrl: 'https://adobe.example/terms' });
  });

  it.each(['token\r\nx-injected: yes', 'token\u0000', 'tökén', ''])(
    'with a token that would break its header (%j) cannot be read',
    async (accessToken) => {
      const world = await startWorld();
      const tokens = { status: 'tokens', issuedAt: world.clock.now(), expiresAt: null, scopes: [] };
      for (const body of [
        { ...tokens, accessToken },
        { ...tokens, accessToken: 'access.fictional', refreshToken: accessToken },
      ]) {
        const error = await errorOf(world.portal({ storage: await injected(world, body) }).getToken());
        expect(error).toMatchObject({ name: 'StorageError', code: 'record_unreadable' });
      }
    },
  );

  it('has only scopes that are scopes (RFC 6749 §3.3), and none that repeats a token', async () => {
    const world = await startWorld();
    const accessToken = 'access-token.fictional-canary';
    const scopes = ['openid', `a ${FORGED}`, '', 'say"so', accessToken, `x-${btoa(accessToken)}`, 'frame.read', 7];
    const body = { status: 'tokens', accessToken, issuedAt: world.clock.now(), expiresAt: null, scopes };
    const auth = world.portal({ storage: await injected(world, body) });
    expect(await auth.getToken()).toBe(accessToken);
    expect(auth.snapshot.scopes).toEqual(['openid', 'frame.read']);
  });

  it('of a wait that the server asked for is shown cleaned too', async () => {
    const world = await startWorld();
    const until = world.clock.now() + 60_000;
    const failure = { code: `x${FORGED}`, description: FORGED, status: 429, debugId: FORGED };
    const storage = await injected(world, { until, failure }, 'cool-down');
    const auth = world.portal({ storage });
    await world.signIn(auth);
    await idle();
    const error = await errorOf(auth.refresh());
    expect(error).toMatchObject({ name: 'RateLimitError' });
    for (const text of shownOf(auth, error)) expect(text).not.toMatch(UNSHOWABLE);
  });
});

describe('the scopes that a server grants', () => {
  it('are shown without what is no scope, and without what repeats a token or a secret', async () => {
    const { server, clock } = await startWorld();
    const clientSecret = server.clients.serverToServer.clientSecret;
    const auth = new ServerToServerAuth({
      ...server.clients.serverToServer,
      server: customServer({ ...server.endpoints, clientAuthentication: 'client_secret_basic' }),
      transport: fetch,
      clock,
      scopes: ['openid'],
    });
    const access_token = 'access-token.fictional-canary';
    const scope = `openid ${access_token} ${ESCAPE}red a\nFORGED "quoted" ${clientSecret} frame.s2s.all`;
    server.faults.next('token', fault.altered({ access_token, scope }));
    expect(await auth.getToken()).toBe(access_token);
    expect(auth.snapshot.scopes).toEqual(['openid', 'frame.s2s.all']);
    await auth.close();
  });
});

describe('the scopes of an import', () => {
  it('are kept as those of a server are', async () => {
    const { portal } = await startWorld();
    const auth = portal();
    const accessToken = 'access-token.fictional-canary';
    await auth.importTokens({ accessToken, scopes: ['openid', `${ESCAPE}x`, 'a b', accessToken] });
    expect(auth.snapshot.scopes).toEqual(['openid']);
  });
});
