import { adobeIms, ConfigurationError, WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import { cookieLogin, type SignInOptions, SignInRequiredError, signIn } from '@frameio-auth/sign-in';
import { afterEach, expect, test } from 'vitest';
import { KEY, LOGIN } from './scene.js';

const open: WebAppAuth[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((auth) => auth.close()));
});

function authAt(redirectUri: string, more: Partial<WebAppAuthOptions> = {}): WebAppAuth {
  const client = { clientId: 'reviews.fictional', clientSecret: 'secret.fictional', transport: fetch };
  const auth = new WebAppAuth({ ...client, redirectUri, ...more });
  open.push(auth);
  return auth;
}

const login = cookieLogin({ keys: { one: KEY }, current: 'one' });
const right = (): SignInOptions<unknown> => ({
  auth: authAt('https://app.example/auth/frameio/callback'),
  path: '/auth/frameio',
  login,
});

test.each<[string, Partial<Record<keyof SignInOptions<unknown>, unknown>>]>([
  ['auth', { auth: {} }],
  ['path', { path: '/other' }],
  ['path', { path: '/auth/frameio?x' }],
  ['path', { path: undefined }],
  ['login', { login: undefined }],
  ['login and users', { users: { identify: () => 'mara' } }],
  ['login', { login: { keys: {} } }],
  ['users', { login: undefined, users: {} }],
  ['users.admit', { login: undefined, users: { identify: () => 'mara', admit: true } }],
  ['fetch', { fetch: 'fetch' }],
  ['afterSignIn', { afterSignIn: '//evil.example' }],
  ['afterSignOut', { afterSignOut: 'http://app.example/' }],
  ['onFailure', { onFailure: 'https://app.example/sorry' }],
  ['onFailure', { onFailure: 7 }],
  ['name', { name: 'two words' }],
  ['logger', { logger: {} }],
])('rejects a wrong %s in one sentence that names the option: %o', (option, wrong) => {
  const make = () => signIn({ ...right(), ...wrong } as SignInOptions<unknown>);
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(new RegExp(`^signIn\\(\\): ${option.replace('.', '\\.')}\\b.*\\.$`));
});

test.each<[string, object | undefined]>([
  ['login.keys', undefined],
  ['login.keys', { keys: {}, current: 'one' }],
  ['login.keys["one"]', { keys: { one: KEY.subarray(1) }, current: 'one' }],
  ['login.keys["one"]', { keys: { one: 'a passphrase' }, current: 'one' }],
  ['login.keys["one"]', { keys: { one: 7 }, current: 'one' }],
  ['login.current', { keys: { one: KEY }, current: 'two' }],
  ['login.lifetime', { keys: { one: KEY }, current: 'one', lifetime: 0.5 }],
])('rejects a wrong %s in one sentence: %o', (option, wrong) => {
  const make = () => cookieLogin(wrong as never);
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(`signIn(): ${option} `);
});

test('rejects http outside this machine, and an application scheme', () => {
  const secure = { server: adobeIms({ origin: 'http://127.0.0.1:9' }) };
  const scheme = authAt('adobe+0123://reviews/auth/frameio/callback', secure);
  expect(() => signIn({ ...right(), auth: scheme })).toThrow('redirectUri must begin with https');
});

test('uses cookies that plain http can carry, where the redirect URI is on this machine', async () => {
  const auth = authAt('http://127.0.0.1:3000/auth/frameio/callback', {
    server: adobeIms({ origin: 'http://127.0.0.1:9' }),
  });
  const response = await signIn({ ...right(), auth, name: 'two' }).handle(
    new Request('http://127.0.0.1:3000/auth/frameio/login?returnTo=/reviews'),
  );
  expect(response?.headers.get('set-cookie')).toMatch(
    /^frameio-sign-in\.two-[\w-]{43}=[\w-]{43}\.L3Jldmlld3M; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
  );
});

test('finds in the redirect URI the prefix that a proxy removes', async () => {
  const auth = authAt('https://app.example/portal/auth/frameio/callback');
  const frameio = signIn({ ...right(), auth });
  const page = new Request('http://internal.example/reviews', { headers: { accept: 'text/html' } });
  const error: unknown = await frameio.require(page).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SignInRequiredError);
  const { code, response } = error as SignInRequiredError;
  expect(code).toBe('not_authenticated');
  expect(response.headers.get('location')).toBe('/portal/auth/frameio/login?returnTo=%2Freviews');
  expect(await frameio.handle(new Request('http://internal.example/portal/auth/frameio/login'))).toBeUndefined();
});

test('opens cookies of an old key, and seals new ones with the current key', async () => {
  const headers = new Headers();
  const keys = { one: KEY };
  const place = {
    cookies: { nameOf: () => LOGIN, set: (_name: string, value: string) => `${LOGIN}=${value}`, withPrefix: () => [] },
    redirectUri: 'https://app.example/auth/frameio/callback',
    logger: console,
  };
  await cookieLogin({ keys, current: 'one' })
    .open(place as never)
    .admit({ key: 'mara', headers } as never);
  const request = { method: 'GET', url: '/who', headers: new Headers({ cookie: headers.getSetCookie()[0] ?? '' }) };
  const two = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
  const rotated = signIn({ ...right(), login: cookieLogin({ keys: { ...keys, two }, current: 'two' }) });
  expect((await rotated.session(request))?.key).toBe('mara');
  const removed = signIn({
    ...right(),
    login: cookieLogin({ keys: { two }, current: 'two' }),
    logger: { ...console, debug() {} },
  });
  expect(await removed.session(request)).toBeUndefined();
});

test('says that fetch is missing when it is needed', async () => {
  const auth = authAt('https://app.example/auth/frameio/callback');
  await auth.session('mara').importTokens({ access_token: 'access.fictional', expires_at: 4_000_000_000 });
  const frameio = signIn({ auth, path: '/auth/frameio', users: { identify: () => 'mara' } });
  const request = new Request('https://app.example/me');
  await expect(frameio.fetch(request)('https://api.frame.io/v4/me')).rejects.toThrow('signIn(): fetch is missing');
});
