import { describe, expect, it } from 'vitest';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import { storageKeys } from '../../src/session/storage-keys.js';

const CLIENT = 'review-portal.fictional';

describe('the key of a session', () => {
  it('names the server, the client and the session', () => {
    const keys = storageKeys(adobeIms(), CLIENT);
    expect(keys.session('mara')).toBe('https%3A%2F%2Fims-na1.adobelogin.com/review-portal.fictional/session/mara');
    expect(storageKeys(legacyFrameio(), CLIENT).session('mara')).toBe(
      'https%3A%2F%2Fapplications.frame.io/review-portal.fictional/session/mara',
    );
  });

  it('is another one for each server, client and session, whatever they are made of', () => {
    const names = ['a', 'b', 'a/b', 'a%2Fb', 'a/session/b', '', ' ', '..', 'ä', '__proto__', 'a+b', 'a b', '\u0000'];
    const profiles = [adobeIms(), adobeIms({ environment: 'stage' }), adobeIms({ origin: 'http://127.0.0.1:8080' })];
    const keys = profiles.flatMap((profile) =>
      names.flatMap((client) => names.map((session) => storageKeys(profile, client).session(session))),
    );
    expect(new Set(keys).size).toBe(profiles.length * names.length ** 2);
    for (const key of keys) expect(key).toMatch(/^[\x21-\x7e]+$/);
  });

  it('begins as those of all sessions do, and tells which session it is of', () => {
    const keys = storageKeys(adobeIms(), CLIENT);
    for (const name of ['mara', 'a/b', 'a%2Fb', 'ä', '..', ' ', '\u0000']) {
      expect(keys.session(name).startsWith(keys.sessions)).toBe(true);
      expect(keys.sessionOf(keys.session(name))).toBe(name);
    }
    const foreign = [keys.coolDown, keys.keepAlive, `${keys.sessions}a/b`, `${keys.sessions}%`, `${keys.sessions}%zz`];
    for (const key of foreign) expect(keys.sessionOf(key)).toBe(undefined);
    expect(storageKeys(legacyFrameio(), CLIENT).sessionOf(keys.session('mara'))).toBe(undefined);
  });

  it('has the scopes of a service in it, in no order', () => {
    const key = (scopes: readonly string[]) => storageKeys(adobeIms(), CLIENT, scopes).session('default');
    expect(key(['b', 'a'])).toBe('https%3A%2F%2Fims-na1.adobelogin.com/review-portal.fictional/session/default/a+b');
    expect(key(['a', 'b'])).toBe(key(['b', 'a']));
    expect(new Set([key([]), key(['a']), key(['a', 'b']), key(['a+b']), key(['a/b'])]).size).toBe(5);
  });

  it('leaves the scopes that it was given in their order', () => {
    const scopes = Object.freeze(['b', 'a']);
    storageKeys(adobeIms(), CLIENT, scopes).session('default');
    expect(scopes).toEqual(['b', 'a']);
  });
});

describe('the key of a sign-in', () => {
  it('is the hash of its state, which the browser knows', async () => {
    const key = await storageKeys(adobeIms(), CLIENT).authorization('a-state.fictional');
    expect(key).toMatch(
      /^https%3A%2F%2Fims-na1\.adobelogin\.com\/review-portal\.fictional\/authorization\/[0-9a-f]{64}$/,
    );
    expect(key).not.toContain('a-state.fictional');
  });

  it('is the SHA-256 of its UTF-8 (FIPS 180-4)', async () => {
    const key = await storageKeys(adobeIms(), CLIENT).authorization('abc');
    expect(key.split('/').at(-1)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('is never the key of a session', async () => {
    const keys = storageKeys(adobeIms(), CLIENT);
    const [, , , hash = ''] = (await keys.authorization('abc')).split('/');
    expect(keys.session(`../authorization/${hash}`)).not.toBe(await keys.authorization('abc'));
  });
});
