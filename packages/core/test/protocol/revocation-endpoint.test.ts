import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { customServer } from '../../src/protocol/custom-server.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import { CLIENT_ID, CLIENT_SECRET, clientOf } from './fictional-client.js';
import { answer, hangUp, type ScriptedServer, scriptedServer } from './scripted-server.js';

const REQUEST = { token: new Secret('fictional-refresh-token'), hint: 'refresh_token' } as const;

let server: ScriptedServer;

beforeEach(async () => {
  server = await scriptedServer();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

describe('revoke()', () => {
  it('gives Adobe the token and Basic, and takes an empty 200 for done', async () => {
    server.answers(answer(200, ''));
    expect(await clientOf(adobeIms({ origin: server.origin })).revoke(REQUEST)).toEqual({ revoked: true });
    const basic = Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64');
    expect(server.requests).toMatchObject([
      { method: 'POST', target: '/ims/revoke', headers: { authorization: `Basic ${basic}` } },
    ]);
    expect(server.requests[0]?.form).toEqual({ token: 'fictional-refresh-token' });
  });

  it.each([201, 202, 204])('takes a %s for done as well', async (status) => {
    server.answers(answer(status, ''));
    expect(await clientOf(adobeIms({ origin: server.origin })).revoke(REQUEST)).toEqual({ revoked: true });
  });

  it('names a public client to Adobe in the query', async () => {
    server.answers(answer(200, ''));
    const client = clientOf(adobeIms({ origin: server.origin }), { clientSecrets: [] });
    expect(await client.revoke(REQUEST)).toEqual({ revoked: true });
    expect(server.requests[0]).toMatchObject({ target: `/ims/revoke?client_id=${CLIENT_ID}` });
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(server.requests[0]?.form).toEqual({ token: 'fictional-refresh-token' });
  });

  it('names it elsewhere in the body, and the kind of the token (RFC 7009 §2.1)', async () => {
    const profile = customServer({
      issuer: server.origin,
      tokenEndpoint: `${server.origin}/token`,
      revocationEndpoint: `${server.origin}/revoke`,
      clientAuthentication: 'none',
    });
    server.answers(answer(200, { success: true }));
    expect(await clientOf(profile, { clientSecrets: [] }).revoke(REQUEST)).toEqual({ revoked: true });
    expect(server.requests[0]?.form).toEqual({
      client_id: CLIENT_ID,
      token: 'fictional-refresh-token',
      token_type_hint: 'refresh_token',
    });
  });

  it('says that nothing was revoked where the server has no place for it', async () => {
    const reply = await clientOf(legacyFrameio({ origin: server.origin })).revoke(REQUEST);
    expect(reply).toEqual({
      revoked: false,
      failure: {
        kind: 'configuration',
        source: 'server',
        code: 'revocation_unsupported',
        description:
          'legacy-frameio has no revocation endpoint: nothing was revoked there, and the tokens stay valid until they expire.',
      },
    });
    expect(server.requests).toEqual([]);
  });

  it.each([
    [answer(503, '', { 'retry-after': '5' }), { kind: 'transient', code: 'http_503', retryAfter: 5000 }],
    [answer(400, { error: 'invalid_client' }), { kind: 'configuration', code: 'invalid_client' }],
    [answer(400, { error: 'unsupported_token_type' }), { kind: 'terminal', code: 'unsupported_token_type' }],
    [answer(200, { error: 'unsupported_token_type' }), { kind: 'terminal', code: 'unsupported_token_type' }],
    [hangUp(), { kind: 'ambiguous', code: 'no_answer' }],
  ])('says why the token may still live (RFC 7009 §2.2.1)', async (reaction, failure) => {
    server.answers(reaction);
    const reply = await clientOf(adobeIms({ origin: server.origin })).revoke(REQUEST);
    expect(reply).toMatchObject({ revoked: false, failure });
  });
});
