import { memoryStorage } from '@frameio-auth/storage-memory';
import { describe, expect, it } from 'vitest';
import { errorOf, type startWorld as start, startWorld } from '../session/world.js';

type World = Awaited<ReturnType<typeof start>>;

async function codeOf({ server }: World, url: string): Promise<string> {
  return new URL(await server.signIn(url)).searchParams.get('code') ?? '';
}

describe('exchangeCode()', () => {
  it('with code and verifier works as in the official SDKs, also where the sign-in began elsewhere', async () => {
    const world = await startWorld();
    const [elsewhere, auth] = [world.portal(), world.portal()];
    const { url, codeVerifier } = await elsewhere.getAuthorizationUrl();
    await auth.exchangeCode({ code: await codeOf(world, url), codeVerifier });
    expect(world.server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('with the code alone takes the verifier of the last sign-in that this session began', async () => {
    const world = await startWorld();
    const auth = world.portal();
    await auth.getAuthorizationUrl();
    const { url } = await auth.getAuthorizationUrl();
    await auth.exchangeCode({ code: await codeOf(world, url) });
    expect(world.server.accessTokenIsLive(await auth.getToken())).toBe(true);
  });

  it('with code and state takes the verifier of the sign-in of that state, and uses it up', async () => {
    const world = await startWorld();
    const storage = memoryStorage({ clock: world.clock });
    const [one, other] = [world.portal({ storage }), world.portal({ storage })];
    const { url, state } = await one.getAuthorizationUrl();
    await one.getAuthorizationUrl();
    await other.exchangeCode({ code: await codeOf(world, url), state });
    expect(world.server.accessTokenIsLive(await other.getToken())).toBe(true);
    const again = other.exchangeCode({ code: await codeOf(world, (await one.getAuthorizationUrl()).url), state });
    expect(await errorOf(again)).toMatchObject({ name: 'AuthenticationError', code: 'state_used' });
  });

  it('with code, verifier and state checks the state anyway', async () => {
    const world = await startWorld();
    const auth = world.portal();
    const { url, state, codeVerifier } = await auth.getAuthorizationUrl();
    const code = await codeOf(world, url);
    const forged = auth.exchangeCode({ code, codeVerifier, state: 'guessed.fictional' });
    expect(await errorOf(forged)).toMatchObject({ name: 'AuthenticationError', code: 'state_unknown' });
    await auth.exchangeCode({ code, codeVerifier, state });
    expect(auth.isAuthenticated).toBe(true);
  });

  it('rejects the state of another session, and leaves it to that one', async () => {
    const world = await startWorld();
    const auth = world.portal();
    const [mara, ode] = [auth.session('mara'), auth.session('ode')];
    const { url, state } = await mara.getAuthorizationUrl();
    const code = await codeOf(world, url);
    expect(await errorOf(ode.exchangeCode({ code, state }))).toMatchObject({ code: 'state_mismatch' });
    await mara.exchangeCode({ code, state });
    expect([mara.isAuthenticated, ode.isAuthenticated]).toEqual([true, false]);
  });

  it('with a wrong verifier is rejected by the server (RFC 7636 §4.6)', async () => {
    const world = await startWorld();
    const auth = world.portal();
    const { url } = await auth.getAuthorizationUrl();
    const codeVerifier = 'w'.repeat(43);
    const refused = errorOf(auth.exchangeCode({ code: await codeOf(world, url), codeVerifier }));
    expect(await refused).toMatchObject({ name: 'AuthenticationError', code: 'invalid_grant' });
    expect((await refused).message).not.toContain(codeVerifier);
  });

  it('without a verifier, where this session began no sign-in, says what is missing', async () => {
    const { server, portal } = await startWorld();
    const error = await errorOf(portal().exchangeCode({ code: 'a-code.fictional' }));
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'state_unknown' });
    expect(error.message).toMatch(/Pass the state of the sign-in or its codeVerifier/);
    expect(server.count()).toBe(0);
  });

  it.each([
    ['to be called with nothing', undefined, 'code'],
    ['no code', {}, 'code'],
    ['an empty code', { code: '' }, 'code'],
    ['a code that is no string', { code: 7 }, 'code'],
    ['an empty verifier', { code: 'a-code.fictional', codeVerifier: '' }, 'codeVerifier'],
    ['a verifier that is no string', { code: 'a-code.fictional', codeVerifier: null }, 'codeVerifier'],
  ])('rejects %s', async (_name, exchange, option) => {
    const { server, portal } = await startWorld();
    expect(await errorOf(portal().exchangeCode(exchange as never))).toMatchObject({
      name: 'ConfigurationError',
      code: 'invalid_option',
      message: expect.stringContaining(`needs a ${option} that is a string`),
    });
    expect(server.count()).toBe(0);
  });

  it('uses the redirect URI and the scopes with which the sign-in began', async () => {
    const world = await startWorld();
    const storage = memoryStorage({ clock: world.clock });
    const elsewhere = 'http://127.0.0.1:5050/elsewhere';
    const began = world.portal({ storage, redirectUri: elsewhere });
    const { url, state } = await began.getAuthorizationUrl({ scopes: ['openid', 'offline_access'] });
    const ends = world.portal({ storage });
    await ends.exchangeCode({ code: await codeOf(world, url), state });
    expect(ends.snapshot.scopes).toEqual(['openid', 'offline_access']);
    expect(world.server.requests.at(-1)?.form['redirect_uri']).toBe(elsewhere);
  });
});
