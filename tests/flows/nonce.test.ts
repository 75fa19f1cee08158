import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, startWorld } from '../session/world.js';

function idToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.signature`;
}

describe('the nonce of a sign-in (OpenID Connect Core §3.1.2.1)', () => {
  it('is new each time, goes to the server, and comes back in the id token', async () => {
    const world = await startWorld();
    const auth = world.portal({ server: { ...world.profile, missingNonce: 'rejected' } });
    const [one, other] = [await auth.getAuthorizationUrl(), await auth.getAuthorizationUrl()];
    expect(new URL(one.url).searchParams.get('nonce')).toBe(one.nonce);
    expect(one.nonce).toMatch(/^[\w-]{22}$/);
    expect(other.nonce).not.toBe(one.nonce);
    await auth.handleCallback(await world.server.signIn(one.url));
    expect(auth.isAuthenticated).toBe(true);
  });

  it('is known to the instance that completes the sign-in', async () => {
    const world = await startWorld();
    const storage = memoryStorage({ clock: world.clock });
    const [begins, ends] = [world.portal({ storage }), world.portal({ storage })];
    const { url } = await begins.getAuthorizationUrl();
    const callback = await world.server.signIn(url);
    world.server.faults.next('token', fault.altered({ id_token: idToken({ nonce: 'of-another-sign-in' }) }));
    expect(await errorOf(ends.handleCallback(callback))).toMatchObject({ code: 'nonce_mismatch' });
  });

  it('that is of another sign-in fails this one, and leaves the session as it was (§3.1.3.7)', async () => {
    const world = await startWorld();
    const auth = await world.signedIn();
    const before = await auth.getToken();
    const { url } = await auth.getAuthorizationUrl();
    const callback = await world.server.signIn(url);
    world.server.faults.next('token', fault.altered({ id_token: idToken({ nonce: 'of-another-sign-in' }) }));
    expect(await errorOf(auth.handleCallback(callback))).toMatchObject({
      name: 'AuthenticationError',
      code: 'nonce_mismatch',
    });
    expect(await auth.getToken()).toBe(before);
    expect(auth.snapshot.state).toBe('valid');
  });

  it.each([
    ['that cannot be read', 'not.a-jwt'],
    ['that is none', undefined],
    ['without a nonce, of a server that is not known to repeat it', idToken({ sub: 'mara' })],
  ])('costs no tokens when the id token is one %s', async (_name, id_token) => {
    const world = await startWorld();
    const auth = world.portal();
    const { url } = await auth.getAuthorizationUrl();
    const callback = await world.server.signIn(url);
    world.server.faults.next('token', fault.altered({ id_token }));
    await auth.handleCallback(callback);
    expect(world.server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('is handed to exchangeCode() with the verifier by an application that keeps both itself', async () => {
    const world = await startWorld();
    const [begins, ends] = [world.portal(), world.portal()];
    const { url, codeVerifier, nonce } = await begins.getAuthorizationUrl();
    const code = new URL(await world.server.signIn(url)).searchParams.get('code') ?? '';
    const swapped = ends.exchangeCode({ code, codeVerifier, nonce: 'of-another-sign-in' });
    expect(await errorOf(swapped)).toMatchObject({ code: 'nonce_mismatch' });

    const again = await begins.getAuthorizationUrl();
    const next = new URL(await world.server.signIn(again.url)).searchParams.get('code') ?? '';
    await ends.exchangeCode({ code: next, codeVerifier: again.codeVerifier, nonce: again.nonce ?? '' });
    expect(ends.isAuthenticated).toBe(true);
    expect(nonce).not.toBe(again.nonce);
  });

  it('is not sent to a server that is asked for no openid', async () => {
    const world = await startWorld({ profile: 'legacy-frameio' });
    const { url, nonce } = await world.portal().getAuthorizationUrl();
    expect([new URL(url).searchParams.has('nonce'), nonce]).toEqual([false, undefined]);
  });
});
