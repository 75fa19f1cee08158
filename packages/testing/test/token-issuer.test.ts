import { describe, expect, it } from 'vitest';
import { OAuthError } from '../src/oauth-error.js';
import { type Consent, type IssuedTokens, type IssuerRules, TokenIssuer } from '../src/token-issuer.js';

const MINUTE = 60_000;

const consent: Consent = {
  clientId: 'review-portal.fictional',
  userId: 'mara',
  scopes: ['openid', 'offline_access'],
  refreshable: true,
  redirectUri: 'https://review-portal.example/callback',
};

function setUp(rules: Partial<IssuerRules> = {}) {
  const clock = { time: 0, now: () => clock.time };
  let minted = 0;
  const mint = {
    code: () => `code-${++minted}`,
    accessToken: () => `access-${++minted}`,
    refreshToken: () => `refresh-${++minted}`,
  };
  const issuer = new TokenIssuer({
    clock,
    mint,
    accessTokenLifetime: 3600,
    refreshTokenLifetime: 86_400,
    rotation: 'strict',
    gracePeriod: 0,
    refreshEndsAccessTokens: false,
    ...rules,
  });
  const { clientId } = consent;
  const signIn = (): IssuedTokens => issuer.redeemCode({ code: issuer.issueCode(consent), clientId });
  const refresh = (refreshToken = ''): IssuedTokens => issuer.refresh({ refreshToken, clientId });
  return { issuer, clock, signIn, refresh };
}

function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof OAuthError) return `${error.error}: ${error.message}`;
    throw error;
  }
  return 'granted';
}

describe('rotation', () => {
  it('`none` gives no new refresh token, and the one there is goes on working', () => {
    const { signIn, refresh } = setUp({ rotation: 'none' });
    const { refreshToken } = signIn();
    expect(refresh(refreshToken).refreshToken).toBe(undefined);
    expect(refresh(refreshToken).accessToken).not.toBe(refresh(refreshToken).accessToken);
  });

  it('`lenient` gives a new refresh token, and the old one goes on working', () => {
    const { issuer, clock, signIn, refresh } = setUp({ rotation: 'lenient' });
    const { refreshToken } = signIn();
    const second = refresh(refreshToken).refreshToken;
    clock.time += 60 * MINUTE;
    const third = refresh(refreshToken).refreshToken;
    expect(new Set([refreshToken, second, third]).size).toBe(3);
    expect(issuer.refreshTokenIsLive(refreshToken ?? '')).toBe(true);
  });

  it('`strict` takes each refresh token once, and the new one stays good when the old one comes again', () => {
    const { issuer, signIn, refresh } = setUp({ rotation: 'strict' });
    const { refreshToken } = signIn();
    const next = refresh(refreshToken).refreshToken;
    expect(issuer.refreshTokenIsLive(refreshToken ?? '')).toBe(false);
    expect(refusalOf(() => refresh(refreshToken))).toBe('invalid_grant: the refresh token was used before');
    expect(refusalOf(() => refresh(next))).toBe('granted');
  });

  it('`revoke-chain` takes everything of a sign-in back when a spent refresh token comes again', () => {
    const { issuer, signIn, refresh } = setUp({ rotation: 'revoke-chain' });
    const [first, other] = [signIn(), signIn()];
    const second = refresh(first.refreshToken);
    expect(issuer.accessTokenFacts(second.accessToken)).toMatchObject({ userId: 'mara' });
    expect(refusalOf(() => refresh(first.refreshToken))).toBe('invalid_grant: the refresh token was used before');
    expect(refusalOf(() => refresh(second.refreshToken))).toBe('invalid_grant: the refresh token was revoked');
    expect(issuer.accessTokenFacts(first.accessToken)).toBe(undefined);
    expect(issuer.accessTokenFacts(second.accessToken)).toBe(undefined);
    expect(refusalOf(() => refresh(other.refreshToken))).toBe('granted');
  });

  it.each(['strict', 'revoke-chain'] as const)(
    '`%s` gives another pair to a replay within the grace period',
    (rotation) => {
      const { issuer, clock, signIn, refresh } = setUp({ rotation, gracePeriod: MINUTE });
      const { refreshToken } = signIn();
      const second = refresh(refreshToken);
      clock.time += MINUTE - 1;
      const third = refresh(refreshToken);
      expect(third.refreshToken).not.toBe(second.refreshToken);
      expect(issuer.refreshTokenIsLive(second.refreshToken ?? '')).toBe(true);
      expect(issuer.refreshTokenIsLive(third.refreshToken ?? '')).toBe(true);
      // The period begins with the first use; a replay does not restart it.
      clock.time += 1;
      expect(refusalOf(() => refresh(refreshToken))).toBe('invalid_grant: the refresh token was used before');
    },
  );

  it('keeps the refresh token of a refresh that is told to', () => {
    const { issuer, signIn } = setUp();
    const refreshToken = signIn().refreshToken ?? '';
    const { clientId } = consent;
    expect(issuer.refresh({ refreshToken, clientId, keepRefreshToken: true }).refreshToken).toBe(undefined);
    expect(issuer.refreshTokenIsLive(refreshToken)).toBe(true);
  });

  it('ends earlier access tokens where the server does so, but not those of the winner of a race', () => {
    const { issuer, signIn, refresh } = setUp({ refreshEndsAccessTokens: true, gracePeriod: MINUTE });
    const first = signIn();
    const second = refresh(first.refreshToken);
    expect(issuer.accessTokenFacts(first.accessToken)).toBe(undefined);
    const replayed = refresh(first.refreshToken);
    expect(issuer.accessTokenFacts(second.accessToken)).toMatchObject({ userId: 'mara' });
    expect(issuer.accessTokenFacts(replayed.accessToken)).toMatchObject({ userId: 'mara' });
  });
});

describe('lifetimes', () => {
  it('ends an access token as many seconds after its issue as it said', () => {
    const { issuer, clock, signIn } = setUp();
    const { accessToken, expiresIn } = signIn();
    clock.time += expiresIn * 1000 - 1;
    expect(issuer.accessTokenFacts(accessToken)).toMatchObject({ userId: 'mara' });
    clock.time += 1;
    expect(issuer.accessTokenFacts(accessToken)).toBe(undefined);
  });

  it('ends a refresh token by its own issue, so that regular refreshes keep a sign-in alive', () => {
    const { clock, signIn, refresh } = setUp();
    const { refreshToken } = signIn();
    clock.time += 86_400_000 - 1;
    const next = refresh(refreshToken).refreshToken;
    clock.time += 86_400_000 - 1;
    const last = refresh(next).refreshToken;
    clock.time += 86_400_000;
    expect(refusalOf(() => refresh(last))).toBe('invalid_grant: the refresh token has expired');
  });

  it('takes a code for ten minutes (RFC 6749 §4.1.2)', () => {
    const { issuer, clock } = setUp();
    const [good, late] = [issuer.issueCode(consent), issuer.issueCode(consent)];
    const { clientId } = consent;
    clock.time += 10 * MINUTE - 1;
    expect(refusalOf(() => issuer.redeemCode({ code: good, clientId }))).toBe('granted');
    clock.time += 1;
    const refusal = refusalOf(() => issuer.redeemCode({ code: late, clientId }));
    expect(refusal).toBe('invalid_grant: the authorization code has expired');
  });
});

describe('what is refused', () => {
  it('is a code that comes twice, and what it bought is taken back (RFC 6749 §4.1.2)', () => {
    const { issuer } = setUp();
    const { clientId } = consent;
    const code = issuer.issueCode(consent);
    const { accessToken, refreshToken = '' } = issuer.redeemCode({ code, clientId });
    const refusal = refusalOf(() => issuer.redeemCode({ code, clientId }));
    expect(refusal).toBe('invalid_grant: the authorization code was used before');
    expect(issuer.accessTokenFacts(accessToken)).toBe(undefined);
    expect(issuer.refreshTokenIsLive(refreshToken)).toBe(false);
  });

  it('is a code of another client, which the right one may still redeem', () => {
    const { issuer } = setUp();
    const code = issuer.issueCode(consent);
    const stolen = refusalOf(() => issuer.redeemCode({ code, clientId: 'another.fictional' }));
    expect(stolen).toBe('invalid_grant: unknown authorization code');
    expect(refusalOf(() => issuer.redeemCode({ code, clientId: consent.clientId }))).toBe('granted');
  });

  it('is more scope than was granted, and the refresh token is not spent by it (RFC 6749 §6)', () => {
    const { issuer, signIn } = setUp();
    const { clientId } = consent;
    const refreshToken = signIn().refreshToken ?? '';
    const wider = () => issuer.refresh({ refreshToken, clientId, scopes: ['openid', 'email'] });
    expect(refusalOf(wider)).toBe('invalid_scope: scope was not granted by the user');
    expect(issuer.refresh({ refreshToken, clientId, scopes: ['openid'] }).scopes).toEqual(['openid']);
  });
});

describe('revocation', () => {
  it('takes every sign-in of a user back, and leaves other users alone', () => {
    const { issuer, signIn, refresh } = setUp();
    const [one, another] = [signIn(), signIn()];
    const { clientId } = consent;
    const other = issuer.redeemCode({ code: issuer.issueCode({ ...consent, userId: 'ode' }), clientId });
    issuer.revokeUser('mara');
    for (const tokens of [one, another]) {
      expect(issuer.accessTokenFacts(tokens.accessToken)).toBe(undefined);
      expect(refusalOf(() => refresh(tokens.refreshToken))).toBe('invalid_grant: the refresh token was revoked');
    }
    expect(refusalOf(() => refresh(other.refreshToken))).toBe('granted');
  });

  it('ends all access tokens at once and leaves refresh tokens', () => {
    const { issuer, signIn, refresh } = setUp();
    const user = signIn();
    const service = issuer.issueToClient('nightly-ingest.fictional', ['frame.s2s.all']);
    issuer.expireAccessTokens();
    expect(issuer.accessTokenFacts(user.accessToken)).toBe(undefined);
    expect(issuer.accessTokenFacts(service.accessToken)).toBe(undefined);
    expect(refusalOf(() => refresh(user.refreshToken))).toBe('granted');
  });
});
