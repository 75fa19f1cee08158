import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, foreignCode, TransportError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import type { AuthorizationClient, AuthorizationClientOptions } from '../../src/protocol/authorization-client.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import type { ServerProfile } from '../../src/protocol/server-profile.js';
import { CLIENT_ID, clientOf } from './fictional-client.js';
import { answer, hangUp, type Reaction, type ScriptedServer, type Seen, scriptedServer } from './scripted-server.js';

// The secrets share a beginning, need every kind of encoding, and end in the same word, so that any remainder is found.
const CODE = 'canary-code/+=&-canary';
const VERIFIER = 'canary-verifier-canary-verifier-canary-verifier';
const REFRESH_TOKEN = 'canary-refresh';
const CLIENT_SECRETS = ['canary-secret', 'canary-secret/with more: %~-canary'];

let server: ScriptedServer;

beforeEach(async () => {
  server = await scriptedServer();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

/** Returns everything that the request contained, in each form in which a server may repeat it. */
function confession({ body, form, headers }: Seen): string {
  const basic = headers.authorization?.replace('Basic ', '') ?? '';
  const credentials = Buffer.from(basic, 'base64').toString();
  const decoded = decodeURIComponent(credentials.replaceAll('+', ' '));
  return [body, ...Object.values(form), basic, credentials, decoded].join(' ');
}

/** Header values cannot contain line breaks or characters beyond ASCII. */
const echoes: Record<string, (confessed: string) => Reaction> = {
  'in the error': (text) => answer(400, { error: text, error_description: text }),
  'in a description that is cut': (text) =>
    answer(400, { error: 'invalid_grant', error_description: `${'x'.repeat(190)}${text}` }),
  'in the name of the answer': (text) => answer(400, { error: 'invalid_grant' }, { 'x-debug-id': text }),
  'in an address to act at': (text) =>
    answer(400, { error: `ride_${text}`, jump: `https://example.com/${encodeURIComponent(text)}?${text}` }),
  'in HTML': (text) => answer(400, `<p>${text}</p>`),
  'in HTML of a firewall': (text) => answer(403, `<p>${text}</p>`, { 'x-debug-id': text }),
  'in a challenge': (text) => answer(401, { error: 'invalid_client' }, { 'www-authenticate': `Basic realm="${text}"` }),
  'in a time to wait': (text) => answer(429, { error: text }, { 'retry-after': text, date: text }),
  'in a redirect': (text) => answer(302, text, { location: `https://example.com/?${text}` }),
  'in a failure': (text) => answer(500, { error: text, error_description: text }),
  'in a grant that is none': (text) => answer(200, { access_token: text, token_type: text, refresh_token: text }),
  'in half a grant': (text) => answer(200, `{"access_token":"${text}`),
  'in the reason for a wrong secret': (text) =>
    answer(400, { error: 'invalid_client', error_description: 'invalid client_secret parameter', jump: text }),
};

const requests: Record<string, (client: AuthorizationClient) => Promise<object>> = {
  'client credentials': (client) => client.clientCredentials({ scopes: ['openid'] }),
  'a code': (client) =>
    client.exchangeCode({
      code: new Secret(CODE),
      codeVerifier: new Secret(VERIFIER),
      redirectUri: 'https://app.example.com/callback',
      scopes: [],
    }),
  'a refresh': (client) => client.refresh({ refreshToken: new Secret(REFRESH_TOKEN), scopes: [] }),
  'a revocation': (client) => client.revoke({ token: new Secret(REFRESH_TOKEN), hint: 'refresh_token' }),
};

function canaryClient(
  profile: ServerProfile,
  secrets = CLIENT_SECRETS,
  options: Partial<AuthorizationClientOptions> = {},
): AuthorizationClient {
  return clientOf(profile, { clientSecrets: secrets.map((secret) => new Secret(secret)), ...options });
}

/** Returns everything that a log could show of a value. */
function exposed(value: object): string {
  return inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + JSON.stringify(value);
}

function expectSecrecy(reply: object): void {
  expect(reply).toHaveProperty('failure');
  const { failure } = reply as { failure: Parameters<typeof errorOf>[0] };
  const shown = exposed(reply) + exposed(errorOf(failure)) + String(errorOf(failure).stack);
  // The beginning of a secret is enough to find it.
  expect(shown).not.toContain('canary');
  for (const secret of CLIENT_SECRETS) {
    expect(shown).not.toContain(Buffer.from(`${CLIENT_ID}:${secret}`).toString('base64').slice(0, 30));
  }
}

describe('a secret that the server repeats', () => {
  for (const [where, echo] of Object.entries(echoes)) {
    it.each(Object.keys(requests))(`${where} is not retried by us, for %s`, async (kind) => {
      for (const secrets of [CLIENT_SECRETS, CLIENT_SECRETS.toReversed()]) {
        const react: Reaction = (response, request) => echo(confession(request))(response, request);
        server.answers(react, react);
        const client = canaryClient(adobeIms({ origin: server.origin }), secrets);
        const reply = (await requests[kind]?.(client)) ?? {};
        if ('revoked' in reply && reply.revoked) expect(reply).toEqual({ revoked: true });
        else expectSecrecy(reply);
      }
    });
  }

  it('is not retried for a server without a name for its answers', async () => {
    server.answers((response, request) => echoes['in the error']?.(confession(request))(response, request));
    const reply = await requests['a refresh']?.(canaryClient(legacyFrameio({ origin: server.origin })));
    expectSecrecy(reply ?? {});
  });
});

describe('a secret in the words of a transport', () => {
  it.each([
    [
      'of this project',
      (body: string) => new TransportError(foreignCode(body), `${body} was not sent`, { delivery: 'unknown' }),
    ],
    ['of another', (body: string) => Object.assign(new TypeError(body, { cause: { body } }), { body })],
  ])('%s is not retried', async (_, errorFor) => {
    const client = canaryClient(adobeIms(), CLIENT_SECRETS, {
      transport: (_url, { body }) => Promise.reject(errorFor(body ?? '')),
    });
    expectSecrecy(await client.refresh({ refreshToken: new Secret(REFRESH_TOKEN), scopes: [] }));
    expectSecrecy(await client.clientCredentials({ scopes: [] }));
  });

  it('is not retried when the response breaks off', async () => {
    server.answers(hangUp(200));
    const client = canaryClient(adobeIms({ origin: server.origin }));
    expectSecrecy(await client.refresh({ refreshToken: new Secret(REFRESH_TOKEN), scopes: [] }));
  });
});

describe('a secret in an address or a callback', () => {
  it('is not in the address at which users sign in', async () => {
    const url = await canaryClient(adobeIms()).authorizationUrl({
      redirectUri: 'https://app.example.com/callback',
      scopes: [],
      state: 'fictional-state',
      codeVerifier: new Secret(VERIFIER),
    });
    expect(url).not.toContain('canary');
  });

  it.each([
    'https://app.example.com/canary?code=canary',
    '?code=canary&code=canary&state=canary',
    '?code=canary&error=canary&state=canary',
    '?code=canary&state=canary&iss=https%3A%2F%2Fcanary.example.com',
    'canary',
  ])('is not in the rejection of the callback %s', (url) => {
    let refusal: unknown;
    try {
      canaryClient(adobeIms()).readCallback(url);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(Error);
    const { message, stack, ...fields } = refusal as Error;
    // The stack names this file and the test's own source lines, but not the arguments.
    expect(exposed({ message, fields })).not.toContain('canary');
    expect(stack).not.toContain('code=canary');
  });

  it('is not in what is kept of an error in a callback', () => {
    const [secret = ''] = CLIENT_SECRETS;
    const { outcome } = canaryClient(adobeIms()).readCallback(
      `?error=access_denied&error_description=${secret}&state=fictional-state`,
    );
    expect(outcome.ok).toBe(false);
    expect(exposed(outcome) + (outcome.ok ? '' : outcome.error.message)).not.toContain('canary');
  });
});
