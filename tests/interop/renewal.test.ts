import { TokenExpiredError, type WebAppAuth } from '@frameio-auth/core';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { signIn } from './browser.js';
import { startProvider } from './provider.js';
import { webApp } from './web-app.js';

async function signedIn(auth: WebAppAuth): Promise<WebAppAuth> {
  await auth.handleCallback(await signIn((await auth.getAuthorizationUrl({ prompt: 'consent' })).url));
  return auth;
}

async function refreshTokenOf(auth: WebAppAuth): Promise<string> {
  return (await auth.exportTokens())?.refreshToken as string;
}

describe('a session at oidc-provider, which rotates refresh tokens', () => {
  it('presents the refresh token that it was given last, refresh after refresh (RFC 9700 §4.14.2)', async () => {
    const provider = await startProvider();
    const clock = manualClock();
    await using auth = await signedIn(webApp(provider, { clock }));
    const spent: string[] = [];

    for (let refresh = 1; refresh <= 3; refresh += 1) {
      spent.push(await refreshTokenOf(auth));
      clock.setNow(auth.snapshot.expiresAt as number);
      expect(await provider.isActive(await auth.getToken())).toBe(true);
    }

    const current = await refreshTokenOf(auth);
    expect(new Set([...spent, current]).size).toBe(4);
    expect(await provider.isActive(current)).toBe(true);
    expect(await Promise.all(spent.map((token) => provider.isActive(token)))).toEqual([false, false, false]);
    expect(provider.count('refused')).toBe(0);
  });

  it('ends when a spent refresh token is presented, for every instance and after a restart (RFC 9700 §4.14.2)', async () => {
    const provider = await startProvider();
    const clock = manualClock();
    const storage = memoryStorage({ clock });
    await using auth = await signedIn(webApp(provider, { clock, storage }));
    const spent = await refreshTokenOf(auth);
    await auth.refresh();

    expect(await provider.presentRefreshToken(spent)).toEqual({ status: 400, error: 'invalid_grant' });
    expect(await provider.isActive(await auth.getToken())).toBe(false);

    clock.setNow(auth.snapshot.expiresAt as number);
    const refusals = await Promise.allSettled([auth.getToken(), auth.getToken()]);
    for (const refusal of refusals as PromiseRejectedResult[]) {
      expect(refusal.reason).toBeInstanceOf(TokenExpiredError);
      expect(refusal.reason).toMatchObject({ errorCode: 'invalid_grant', status: 400 });
    }
    expect(auth.snapshot).toMatchObject({ state: 'expired', ending: { cause: 'refresh_token_rejected' } });
    expect(await auth.exportTokens()).toBe(undefined);

    // Another instance reads in storage how it ended, and presents nothing to the server.
    const asked = provider.count('refused');
    await using other = webApp(provider, { clock, storage });
    await expect(other.getToken()).rejects.toBeInstanceOf(TokenExpiredError);
    expect(other.snapshot.ending).toEqual(auth.snapshot.ending);
    expect(provider.count('refused')).toBe(asked);

    await signedIn(other);
    expect(await provider.isActive(await auth.getToken())).toBe(true);
  });

  it('is refreshed once when two instances and a hundred callers find its token expired', async () => {
    const provider = await startProvider();
    const clock = manualClock();
    const storage = memoryStorage({ clock });
    await using one = await signedIn(webApp(provider, { clock, storage }));
    await using other = webApp(provider, { clock, storage });
    const expired = await one.getToken();
    expect(await other.getToken()).toBe(expired);

    clock.setNow(one.snapshot.expiresAt as number);
    const callers = Array.from({ length: 50 }, () => [one.getToken(), other.getToken()]).flat();
    const tokens = new Set(await Promise.all(callers));

    expect(tokens.size).toBe(1);
    expect(tokens).not.toContain(expired);
    expect(provider.count('granted', 'refresh_token')).toBe(1);
    expect(provider.count('refused')).toBe(0);
    expect([one.snapshot.state, other.snapshot.state]).toEqual(['valid', 'valid']);
    expect(await other.exportTokens()).toEqual(await one.exportTokens());

    // The pair that both have is the one that works.
    await other.refresh();
    expect(await provider.isActive(await other.getToken())).toBe(true);
  });

  it('leaves nothing at the server that works when it is revoked (RFC 7009 §2.1)', async () => {
    const provider = await startProvider();
    const clock = manualClock();
    const storage = memoryStorage({ clock });
    await using auth = await signedIn(webApp(provider, { clock, storage }));
    const accessToken = await auth.getToken();
    const refreshToken = await refreshTokenOf(auth);

    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    expect(await provider.isActive(accessToken)).toBe(false);
    expect(await provider.isActive(refreshToken)).toBe(false);
    expect(await provider.presentRefreshToken(refreshToken)).toEqual({ status: 400, error: 'invalid_grant' });
    await expect(auth.getToken()).rejects.toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });

    await using other = webApp(provider, { clock, storage });
    await expect(other.getToken()).rejects.toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });
  });
});
