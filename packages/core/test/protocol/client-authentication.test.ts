import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import type { AuthorizationClient } from '../../src/protocol/authorization-client.js';
import { customServer } from '../../src/protocol/custom-server.js';
import { clientOf, GRANTED, refresh } from './fictional-client.js';
import { answer, type ScriptedServer, scriptedServer } from './scripted-server.js';

const WRONG_SECRET = answer(400, { error: 'invalid_client', error_description: 'invalid client_secret parameter' });
const WRONG_ID = answer(400, { error: 'invalid_client', error_description: 'invalid client_id parameter' });

let server: ScriptedServer;
let client: AuthorizationClient;

beforeEach(async () => {
  server = await scriptedServer();
  const clientSecrets = [new Secret('outgoing'), new Secret('incoming')];
  client = clientOf(adobeIms({ origin: server.origin }), { clientSecrets });
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

const secretsTried = () => server.requests.map(({ form }) => form['client_secret']);
const ask = () => client.clientCredentials({ scopes: [] });

describe('two client secrets', () => {
  it('are tried in order, the second at once when the first is wrong', async () => {
    server.answers(WRONG_SECRET, answer(200, GRANTED));
    expect(await ask()).toMatchObject({ ok: true });
    expect(secretsTried()).toEqual(['outgoing', 'incoming']);
  });

  it('are tried in another order once one has worked', async () => {
    server.answers(WRONG_SECRET, answer(200, GRANTED), answer(200, GRANTED));
    await ask();
    await ask();
    expect(secretsTried()).toEqual(['outgoing', 'incoming', 'incoming']);
  });

  it('may change places again', async () => {
    server.answers(WRONG_SECRET, answer(200, GRANTED), WRONG_SECRET, answer(200, GRANTED));
    await ask();
    expect(await ask()).toMatchObject({ ok: true });
    expect(secretsTried()).toEqual(['outgoing', 'incoming', 'incoming', 'outgoing']);
  });

  it('that are both wrong are a matter of configuration', async () => {
    server.answers(WRONG_SECRET, WRONG_SECRET);
    expect(await ask()).toMatchObject({
      failure: { kind: 'configuration', code: 'invalid_client', description: 'invalid client_secret parameter' },
    });
    expect(server.requests).toHaveLength(2);
  });

  it('are tried once each, also when one of them used to work', async () => {
    server.answers(answer(200, GRANTED), WRONG_SECRET, WRONG_SECRET);
    await ask();
    expect(await ask()).toMatchObject({ failure: { kind: 'configuration' } });
    expect(secretsTried()).toEqual(['outgoing', 'outgoing', 'incoming']);
  });

  it('are not both shown to a server that minds something else', async () => {
    server.answers(WRONG_ID);
    expect(await ask()).toMatchObject({
      failure: { kind: 'configuration', description: 'invalid client_id parameter' },
    });
    server.answers(answer(429, { error: 'invalid_client', error_description: 'invalid client_secret parameter' }));
    expect(await ask()).toMatchObject({ failure: { kind: 'transient' } });
    server.answers(answer(503, ''));
    expect(await ask()).toMatchObject({ failure: { kind: 'transient' } });
    expect(server.requests).toHaveLength(3);
  });

  it('are tried for a refresh and a revocation alike', async () => {
    server.answers(WRONG_SECRET, answer(200, GRANTED));
    expect(await client.refresh(refresh)).toMatchObject({ ok: true });
    server.answers(WRONG_SECRET, answer(200, ''));
    const revoked = await client.revoke({ token: refresh.refreshToken, hint: 'refresh_token' });
    expect(revoked).toEqual({ revoked: true });
    const credentials = server.requests.map(({ headers }) =>
      Buffer.from(String(headers.authorization).replace('Basic ', ''), 'base64').toString(),
    );
    expect(credentials).toEqual([
      'fictional-client:outgoing',
      'fictional-client:incoming',
      'fictional-client:incoming',
      'fictional-client:outgoing',
    ]);
  });

  it('are told apart elsewhere by invalid_client, whatever its description (RFC 6749 §5.2)', async () => {
    const profile = customServer({
      issuer: server.origin,
      tokenEndpoint: `${server.origin}/token`,
      clientAuthentication: 'client_secret_post',
    });
    client = clientOf(profile, { clientSecrets: [new Secret('outgoing'), new Secret('incoming')] });
    server.answers(answer(401, { error: 'invalid_client', error_description: 'No.' }), answer(200, GRANTED));
    expect(await ask()).toMatchObject({ ok: true });
    expect(secretsTried()).toEqual(['outgoing', 'incoming']);
  });
});
