import { describe, expect, it } from 'vitest';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import { clientOf, GRANTED, refresh } from './fictional-client.js';

/** Returns the result of a refresh when the server responds with 200 and this body. */
async function replyTo(body: string | object, contentType = 'application/json', profile = adobeIms()) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const transport = async () => new Response(text, { headers: { 'content-type': contentType } });
  return clientOf(profile, { transport }).refresh(refresh);
}

async function tokensOf(...answer: Parameters<typeof replyTo>) {
  const reply = await replyTo(...answer);
  if (!reply.ok) throw new Error(`the tokens were refused: ${reply.failure.code}`);
  const { accessToken, refreshToken, idToken, ...rest } = reply.tokens;
  return {
    ...rest,
    accessToken: accessToken.reveal(),
    refreshToken: refreshToken?.reveal(),
    idToken: idToken?.reveal(),
  };
}

describe('a token answer', () => {
  it('is read as Adobe sends it', async () => {
    const answer = {
      access_token: 'a',
      refresh_token: 'r',
      id_token: 'i',
      sub: 's',
      token_type: 'bearer',
      expires_in: 86399,
    };
    expect(await tokensOf(answer)).toEqual({ accessToken: 'a', refreshToken: 'r', idToken: 'i', expiresIn: 86399 });
  });

  it('is read as the legacy server sends it, scopes included (RFC 6749 §5.1)', async () => {
    const answer = { ...GRANTED, refresh_token: 'r', scope: 'account.read offline' };
    expect(await tokensOf(answer, 'application/json', legacyFrameio())).toMatchObject({
      refreshToken: 'r',
      scopes: ['account.read', 'offline'],
    });
  });

  it('keeps its tokens from being printed', async () => {
    const reply = await replyTo({ ...GRANTED, access_token: 'canary', refresh_token: 'canary', id_token: 'canary' });
    expect(JSON.stringify(reply)).not.toContain('canary');
  });

  it('may say its token type in any case (RFC 6749 §5.1)', async () => {
    expect(await tokensOf({ ...GRANTED, token_type: 'BEARER' })).toMatchObject({ accessToken: GRANTED.access_token });
  });

  it.each([
    ['leaves it out, as OpenAuth and Adobe for enterprises do', undefined],
    ['has null', null],
    ['has an empty one', ''],
  ])('is of a bearer token when it says no token type: it %s', async (_name, token_type) => {
    const answer = { access_token: 'a', expires_in: 3599, refresh_token: 'r', token_type };
    expect(await tokensOf(answer)).toMatchObject({ accessToken: 'a', refreshToken: 'r', expiresIn: 3599 });
  });

  it('counts although an error stands beside its tokens, which may be the only ones', async () => {
    expect(await tokensOf({ ...GRANTED, refresh_token: 'r', error: 'deprecated' })).toMatchObject({
      accessToken: GRANTED.access_token,
      refreshToken: 'r',
    });
  });

  it('is JSON by its text, whatever it is labelled', async () => {
    expect(await tokensOf(GRANTED, 'text/plain')).toMatchObject({ accessToken: GRANTED.access_token });
  });

  it.each([undefined, null, ''])('has no refresh token when it says %j', async (refresh_token) => {
    expect((await tokensOf({ ...GRANTED, refresh_token })).refreshToken).toBeUndefined();
  });

  it.each([
    [3600, 3600],
    ['3600', 3600],
    [3599.9, 3599],
    [0, 0],
    [-1, 0],
    [1e15, 2 ** 31 - 1],
    [undefined, null],
    [null, null],
    ['', null],
    ['soon', null],
    [[3600], null],
  ])('with expires_in %j is valid for %j seconds', async (expires_in, seconds) => {
    expect((await tokensOf({ ...GRANTED, expires_in })).expiresIn).toBe(seconds);
  });

  it('is not lost over a lifetime that no number can hold', async () => {
    const text = '{"access_token":"a","token_type":"bearer","expires_in":1e999}';
    expect(await tokensOf(text)).toMatchObject({ accessToken: 'a', expiresIn: null });
  });

  it.each(['not a JWT', 'eyJhbGciOiJub25lIn0.e30.', 42, null])('is not lost over the id token %j', async (id_token) => {
    const tokens = await tokensOf({ ...GRANTED, id_token });
    expect(tokens.accessToken).toBe(GRANTED.access_token);
    expect(tokens.idToken).toBe(typeof id_token === 'string' ? id_token : undefined);
  });

  it.each([42, ['account.read'], '', null])('names no scopes when it says %j', async (scope) => {
    expect(await tokensOf({ ...GRANTED, scope })).not.toHaveProperty('scopes');
  });

  it('may name scopes with spaces where commas are wanted', async () => {
    expect(await tokensOf({ ...GRANTED, scope: 'openid, profile,email' })).toMatchObject({
      scopes: ['openid', 'profile', 'email'],
    });
  });

  it('counts by the last of two members of one name', async () => {
    const text = '{"access_token":"first","access_token":"last","token_type":"bearer"}';
    expect(await tokensOf(text)).toMatchObject({ accessToken: 'last', expiresIn: null });
  });

  it.each([
    ['nothing at all', ''],
    ['HTML', '<!doctype html><p>Sign in to the hotel network</p>'],
    ['half an answer', '{"access_token":"a","tok'],
    ['a list', [GRANTED]],
    ['a text', '"granted"'],
    ['no access token', { token_type: 'bearer' }],
    ['an empty access token', { ...GRANTED, access_token: '' }],
    ['an access token that is no text', { ...GRANTED, access_token: 42 }],
    ['an access token that would end a header', { ...GRANTED, access_token: 'a\r\nset-cookie: b' }],
    ['a refresh token that is no text', { ...GRANTED, refresh_token: { value: 'r' } }],
    ['a refresh token with a line break', { ...GRANTED, refresh_token: 'r\n' }],
    ['a token type that wants a proof', { ...GRANTED, token_type: 'DPoP' }],
    ['an unknown token type', { ...GRANTED, token_type: 'mac' }],
    ['an empty error', { error: '' }],
  ])('that holds %s leaves open whether the refresh token is spent', async (_, body) => {
    expect(await replyTo(body)).toEqual({
      ok: false,
      failure: {
        kind: 'ambiguous',
        source: 'server',
        code: 'invalid_response',
        description: 'adobe-ims answered 200, but its response cannot be used.',
        status: 200,
      },
    });
  });
});
