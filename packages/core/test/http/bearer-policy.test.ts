import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { bearerPolicy, type TokenSource } from '../../src/http/bearer-policy.js';

const OLD = 'fictional-token-old';
const NEW = 'fictional-token-new';
const API = 'https://api.frame.io';

/** Returns the tokens in turn; the last one forever. */
function tokens(...given: string[]) {
  return vi.fn<TokenSource['getToken']>(async () => (given.length > 1 ? given.shift() : given[0]) as string);
}

describe('a request', () => {
  it('carries the token to the API of Frame.io when no origins are named', () => {
    const policy = bearerPolicy({ getToken: tokens(NEW) });
    expect(policy.admits(API)).toBe(true);
    expect(policy.admits(`${API}/v4/me?page=2`)).toBe(true);
    expect(policy.admits(new URL('https://API.frame.io:443/v4/me'))).toBe(true);
  });

  it.each([
    'https://app.frame.io',
    'http://api.frame.io/',
    'https://api.frame.io.example.com',
    'https://api.frame.io:444',
  ])('to %s is rejected, or passes without the token', (address) => {
    const source = { getToken: tokens(NEW) };
    expect(() => bearerPolicy(source).admits(address)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'origin_not_allowed' }),
    );
    expect(bearerPolicy(source, { otherOrigins: 'pass' }).admits(address)).toBe(false);
  });

  it.each(['/v4/me', 'api.frame.io', ''])('to "%s", which has no origin, is rejected in any case', (address) => {
    const policy = bearerPolicy({ getToken: tokens(NEW) }, { otherOrigins: 'pass' });
    expect(() => policy.admits(address)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_url' }),
    );
  });

  it('carries the token (RFC 6750 §2.1) and what goes with it, by names in lower case', async () => {
    const policy = bearerPolicy({ getToken: tokens(NEW), requestHeaders: { 'X-Frameio-Legacy-Token-Auth': 'true' } });
    expect(await policy.authorize()).toEqual({
      token: NEW,
      headers: { authorization: `Bearer ${NEW}`, 'x-frameio-legacy-token-auth': 'true' },
    });
  });

  it('is told of the wish to stop only where there is one, because a bare getToken() is the quickest', async () => {
    const getToken = tokens(NEW);
    const policy = bearerPolicy({ getToken });
    const { signal } = new AbortController();
    await policy.authorize();
    await policy.authorize(signal);
    expect(getToken.mock.calls).toEqual([[], [{ signal }]]);
  });

  it.each(['x\ny', 'x\u2028y', 'x\0y'])(
    'is not made with a token that no header can carry, which stays unseen',
    async (token) => {
      const error = await bearerPolicy({ getToken: tokens(token + NEW) })
        .authorize()
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_token' });
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain(NEW);
    },
  );
});

describe('after a 401', () => {
  it('a request is retried with the token that took the place of the rejected one', async () => {
    const getToken = tokens(OLD, NEW);
    const policy = bearerPolicy({ getToken });
    const { signal } = new AbortController();
    const next = await policy.reauthorize(await policy.authorize(), true, signal);
    expect(next).toMatchObject({ token: NEW });
    expect(getToken).toHaveBeenLastCalledWith({ rejected: OLD, signal });
  });

  it('a request is not retried with the same token: then the token is not the reason', async () => {
    const policy = bearerPolicy({ getToken: tokens(OLD) });
    expect(await policy.reauthorize(await policy.authorize(), true)).toBeUndefined();
  });

  it('does not retry a request that cannot be repeated, and does not wait for the refresh that it causes', async () => {
    const getToken = tokens(OLD);
    const policy = bearerPolicy({ getToken });
    const credentials = await policy.authorize();
    getToken.mockImplementation(() => new Promise(() => {}));
    expect(await policy.reauthorize(credentials, false)).toBeUndefined();
    expect(getToken).toHaveBeenLastCalledWith({ rejected: OLD });
    getToken.mockRejectedValue(new Error('no token'));
    expect(await policy.reauthorize(credentials, false)).toBeUndefined();
    getToken.mockImplementation(() => {
      throw new Error('no token');
    });
    expect(await policy.reauthorize(credentials, false)).toBeUndefined();
  });

  it('the failure to get another token is told', async () => {
    const getToken = tokens(OLD);
    const policy = bearerPolicy({ getToken });
    const credentials = await policy.authorize();
    getToken.mockRejectedValue(new Error('sign in again'));
    await expect(policy.reauthorize(credentials, true)).rejects.toThrow('sign in again');
  });
});

describe('options', () => {
  it.each([
    ['a token in place of its source', () => bearerPolicy(NEW as never)],
    ['no source', () => bearerPolicy(undefined as never)],
    ['a list in place of options', () => bearerPolicy({ getToken: tokens(NEW) }, null as never)],
    ['an origin that is none', () => bearerPolicy({ getToken: tokens(NEW) }, { allowedOrigins: ['api.frame.io'] })],
    ['another word', () => bearerPolicy({ getToken: tokens(NEW) }, { otherOrigins: 'allow' as never })],
  ])('are rejected: %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }));
  });
});
