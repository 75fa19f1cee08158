import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import { checkNonce, sendsNonce } from '../../src/protocol/nonce.js';

const SENT = new Secret('a-nonce.fictional');
const STRICT = { ...adobeIms(), missingNonce: 'rejected' } as const;

function jwt(claims: unknown): Secret {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return new Secret(`${part({ alg: 'RS256' })}.${part(claims)}.signature`);
}

describe('a nonce', () => {
  it('goes with a sign-in that asks for openid, unless the profile says always or never', () => {
    expect([sendsNonce(adobeIms(), ['openid', 'email']), sendsNonce(adobeIms(), ['email'])]).toEqual([true, false]);
    expect(sendsNonce({ ...legacyFrameio(), nonce: 'always' }, ['account.read'])).toBe(true);
    expect(sendsNonce({ ...adobeIms(), nonce: 'never' }, ['openid'])).toBe(false);
  });

  it.each([
    ['the same nonce', jwt({ nonce: SENT.reveal() }), undefined],
    ['another nonce', jwt({ nonce: 'canary' }), 'nonce_mismatch'],
    ['a nonce that is no text', jwt({ nonce: 7 }), 'nonce_mismatch'],
    ['no nonce', jwt({ sub: 'mara' }), 'nonce_missing'],
    ['claims with letters of many alphabets', jwt({ name: 'Žofie 火', nonce: SENT.reveal() }), undefined],
    ['claims that are no object', jwt('claims'), undefined],
    ['no JSON', new Secret('a.b!.c'), undefined],
    ['a text without parts', new Secret('id-token.fictional'), undefined],
    ['five encrypted parts (RFC 7516 §7.1)', new Secret('a.e30.c.d.e'), undefined],
  ])('is compared with what the id token has, which is %s (OpenID Connect Core §3.1.3.7)', (_name, idToken, code) => {
    const failure = checkNonce(STRICT, SENT, idToken);
    expect(failure?.code).toBe(code);
    if (failure === undefined) return;
    expect(failure).toMatchObject({ kind: 'terminal', source: 'session' });
    expect(JSON.stringify(failure)).not.toMatch(/canary|a-nonce/);
  });

  it('that was not sent, or comes without an id token, is not looked for', () => {
    expect(checkNonce(STRICT, undefined, jwt({ nonce: 'canary' }))).toBeUndefined();
    expect(checkNonce(STRICT, SENT, undefined)).toBeUndefined();
  });

  it('may be missing where the profile accepts that, and must not be another one', () => {
    expect(checkNonce(adobeIms(), SENT, jwt({}))).toBeUndefined();
    expect(checkNonce(adobeIms(), SENT, jwt({ nonce: 'another' }))?.code).toBe('nonce_mismatch');
  });
});
