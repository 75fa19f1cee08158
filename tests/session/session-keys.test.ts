import { memoryStorage } from '@frameio-auth/storage-memory';
import { expect, it } from 'vitest';
import { errorOf, observedStorage, startWorld } from './world.js';

const HOSTILE = [
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  'a/b',
  'a%2Fb',
  'a b',
  'a+b',
  '\u0000',
  'Ünïcödé 名前 🎬',
  'default/session/default',
  'x'.repeat(10_000),
  '{curly}',
  '*?[a]',
  '-1',
  ' ',
];

it('keeps users with the worst possible keys apart', async () => {
  const { clock, server, portal, signIn } = await startWorld();
  const storage = memoryStorage({ clock });
  const auth = portal({ storage });
  const tokens = new Map<string, string>();
  for (const key of HOSTILE) {
    await signIn(auth.session(key));
    tokens.set(key, await auth.session(key).getToken());
  }
  expect(new Set(tokens.values()).size).toBe(HOSTILE.length);
  expect(await errorOf(auth.getToken())).toMatchObject({ code: 'not_authenticated' });
  const restarted = portal({ storage });
  for (const key of HOSTILE) expect(await restarted.session(key).getToken()).toBe(tokens.get(key));

  await restarted.session('__proto__').revoke();
  for (const [key, token] of tokens) expect(server.accessTokenIsLive(token)).toBe(key !== '__proto__');
});

it('gives the same object for the same key', async () => {
  const { portal } = await startWorld();
  const auth = portal();
  for (const key of HOSTILE) expect(auth.session(key)).toBe(auth.session(key));
  expect(auth.session('default').getToken).toBe(auth.getToken);
  expect(new Set(HOSTILE.map((key) => auth.session(key))).size).toBe(HOSTILE.length);
});

it.each([
  ['nothing', undefined],
  ['the empty string', ''],
  ['a number', 7],
  ['an object', { toString: () => 'mara' }],
  ['half of a character', 'mara\ud83c'],
])('rejects %s as a key, and says what a key is', async (_name, key) => {
  const { portal } = await startWorld();
  const auth = portal();
  expect(() => auth.session(key as string)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      code: 'invalid_option',
      message: expect.stringMatching(/^key must be a string.*such as a user id/),
    }),
  );
});

it('keeps what one user does from the others: sign-in, refresh, sign-out', async () => {
  const { server, portal, signIn } = await startWorld();
  const auth = portal();
  const [mara, ode] = [auth.session('mara'), auth.session('ode')];
  await signIn(mara, 'mara@studio.example');
  expect([mara.isAuthenticated, ode.isAuthenticated, auth.isAuthenticated]).toEqual([true, false, false]);
  await signIn(ode, 'ode@studio.example');
  const token = await ode.getToken();
  await mara.refresh();
  await mara.revoke();
  expect(await ode.getToken()).toBe(token);
  expect(server.accessTokenIsLive(token)).toBe(true);
  expect([mara.snapshot.state, ode.snapshot.state]).toEqual(['revoked', 'valid']);
  expect([mara.snapshot.key, ode.snapshot.key, auth.snapshot.key]).toEqual(['mara', 'ode', 'default']);
});

it('keeps applications apart that share a storage: by client, by server, and services by their scopes', async () => {
  const { clock, server, profile, portal, service, signIn } = await startWorld();
  const storage = observedStorage({ clock });
  await signIn(portal({ storage }));
  const { singlePageApp } = server.clients;
  const redirectUri = 'https://review-portal.example/auth/two/callback';
  const others = [
    portal({ storage, clientId: singlePageApp.clientId }),
    portal({ storage, redirectUri, server: { ...profile, issuer: `${profile.issuer}/realms/two` } }),
  ];
  for (const other of others) expect(await errorOf(other.getToken())).toMatchObject({ code: 'not_authenticated' });

  const all = await service({ storage }).getToken();
  const few = await service({ storage, scopes: ['openid', 'AdobeID'] }).getToken();
  expect(few).not.toBe(all);
  expect(await service({ storage, scopes: 'AdobeID openid' }).getToken()).toBe(few);
});
