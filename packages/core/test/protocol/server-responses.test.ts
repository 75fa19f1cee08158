/**
 * Responses of real servers, as they arrive over the wire, and their classification. The servers are Glewlwyd,
 * LemonLDAP::NG, django-oauth-toolkit, Authlib, Doorkeeper, @node-oauth/oauth2-server, @jmondi/oauth2-server,
 * oauth2orize with Passport, better-auth, OpenAuth and Adobe's enterprise server.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, foreignCode } from '../../src/kernel/errors.js';
import type { Failure } from '../../src/kernel/failure.js';
import { Secret } from '../../src/kernel/secret.js';
import { type CustomServerOptions, customServer } from '../../src/protocol/custom-server.js';
import { clientOf, codeExchange, refresh } from './fictional-client.js';
import { answer, type ScriptedServer, scriptedServer } from './scripted-server.js';

let server: ScriptedServer;

beforeEach(async () => {
  server = await scriptedServer();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

type Purpose = 'refresh' | 'code' | 'service' | 'revoke';

interface Answer {
  readonly server: string;
  /** The cause of the response. */
  readonly because: string;
  readonly purpose: Purpose;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | object;
  /** What this server's profile says. */
  readonly profile?: Partial<CustomServerOptions>;
  readonly expected: Pick<Failure, 'kind' | 'code'> | 'success';
  /** How many requests a client with two secrets sends. Default: one. */
  readonly requests?: number;
}

const BASIC = { 'www-authenticate': 'Basic realm="Users"' };
const configuration = (code: string) => ({ kind: 'configuration', code: foreignCode(code) }) as const;
const terminal = (code: string) => ({ kind: 'terminal', code: foreignCode(code) }) as const;
const transient = (code: string) => ({ kind: 'transient', code: foreignCode(code) }) as const;

/** Glewlwyd responds with 400, 401 or 403 without an `error`, depending on the endpoint. */
const GLEWLWYD = { wrongSecret: [{ status: 403 }, { status: 400 }] };
const DOORKEEPER = {
  wrongSecret: [{ error: 'invalid_client' }, { error: 'unauthorized_client', status: 403 }],
};

const ANSWERS: readonly Answer[] = [
  // Wrong client secrets.
  {
    server: 'oauth2orize',
    because: 'the secret is wrong',
    purpose: 'refresh',
    status: 401,
    headers: BASIC,
    body: 'Unauthorized',
    expected: configuration('http_401'),
    requests: 2,
  },
  {
    server: 'oauth2orize',
    because: 'the secret is wrong',
    purpose: 'revoke',
    status: 401,
    headers: BASIC,
    body: 'Unauthorized',
    expected: configuration('http_401'),
    requests: 2,
  },
  {
    server: 'Glewlwyd',
    because: 'the secret is wrong',
    purpose: 'refresh',
    status: 400,
    expected: configuration('http_400'),
  },
  {
    server: 'Glewlwyd, with a profile',
    because: 'the secret is wrong',
    purpose: 'refresh',
    status: 400,
    profile: GLEWLWYD,
    expected: configuration('http_400'),
    requests: 2,
  },
  {
    server: 'Glewlwyd, with a profile',
    because: 'the secret is wrong',
    purpose: 'code',
    status: 403,
    profile: GLEWLWYD,
    expected: configuration('http_403'),
    requests: 2,
  },
  {
    server: 'Glewlwyd',
    because: 'the secret is wrong',
    purpose: 'revoke',
    status: 403,
    expected: configuration('http_403'),
    requests: 2,
  },
  {
    server: 'Doorkeeper',
    because: 'the secret is wrong',
    purpose: 'refresh',
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="Doorkeeper", error="invalid_client"' },
    body: { error: 'invalid_client', error_description: 'Client authentication failed due to unknown client.' },
    expected: configuration('invalid_client'),
    requests: 2,
  },
  {
    server: 'Doorkeeper',
    because: 'the secret is wrong',
    purpose: 'revoke',
    status: 403,
    body: { error: 'unauthorized_client', error_description: 'You are not authorized to revoke this token' },
    expected: configuration('unauthorized_client'),
    requests: 2,
  },
  {
    server: 'Doorkeeper, with a profile',
    because: 'the secret is wrong',
    purpose: 'refresh',
    status: 403,
    profile: DOORKEEPER,
    body: { error: 'unauthorized_client' },
    expected: configuration('unauthorized_client'),
    requests: 2,
  },
  ...(['LemonLDAP::NG', 'django-oauth-toolkit', 'Authlib', '@jmondi/oauth2-server', 'better-auth'] as const).map(
    (name): Answer => ({
      server: name,
      because: 'the secret is wrong',
      purpose: 'refresh',
      status: 401,
      body: { error: 'invalid_client' },
      expected: configuration('invalid_client'),
      requests: 2,
    }),
  ),
  {
    server: '@node-oauth/oauth2-server',
    because: 'the secret is wrong',
    purpose: 'service',
    status: 400,
    body: { error: 'invalid_client', error_description: 'Invalid client: client is invalid' },
    expected: configuration('invalid_client'),
    requests: 2,
  },
  {
    server: 'a web framework',
    because: 'the secret is wrong',
    purpose: 'refresh',
    status: 401,
    body: { statusCode: 401, error: 'Unauthorized', message: 'Unknown client' },
    expected: configuration('http_401'),
    requests: 2,
  },

  // Dead refresh tokens and dead codes.
  ...(['django-oauth-toolkit', 'Authlib', 'Doorkeeper', '@node-oauth/oauth2-server', 'better-auth'] as const).map(
    (name): Answer => ({
      server: name,
      because: 'the refresh token is dead',
      purpose: 'refresh',
      status: 400,
      body: { error: 'invalid_grant' },
      expected: terminal('invalid_grant'),
    }),
  ),
  ...(['LemonLDAP::NG', '@jmondi/oauth2-server'] as const).map(
    (name): Answer => ({
      server: name,
      because: 'the refresh token is dead',
      purpose: 'refresh',
      status: 400,
      body: { error: 'invalid_request' },
      expected: terminal('invalid_request'),
    }),
  ),
  {
    server: 'Glewlwyd',
    because: 'the refresh token is dead',
    purpose: 'refresh',
    status: 400,
    expected: configuration('http_400'),
  },
  {
    server: 'a server of which the profile knows that a bare 400 means it',
    because: 'the refresh token is dead',
    purpose: 'refresh',
    status: 400,
    profile: { bareBadRequest: 'terminal' },
    expected: terminal('http_400'),
  },
  {
    server: 'a server that answers 401 to it',
    because: 'the refresh token is dead',
    purpose: 'refresh',
    status: 401,
    body: { error: 'invalid_grant' },
    expected: terminal('invalid_grant'),
  },
  {
    server: 'a server that answers 403 to it',
    because: 'the refresh token is dead',
    purpose: 'refresh',
    status: 403,
    body: { error: 'invalid_token' },
    expected: terminal('invalid_token'),
  },
  {
    server: 'a server that answers 200 to everything',
    because: 'the code is dead',
    purpose: 'code',
    status: 200,
    body: { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' },
    profile: { errorKinds: { bad_verification_code: 'terminal' } },
    expected: terminal('bad_verification_code'),
  },
  {
    server: 'a server with words of its own',
    because: 'no reason is known',
    purpose: 'refresh',
    status: 400,
    body: { error: 'session_gone' },
    expected: configuration('session_gone'),
  },
  {
    server: 'a server with words of its own, with a profile',
    because: 'the refresh token is dead',
    purpose: 'refresh',
    status: 400,
    body: { error: 'session_gone' },
    profile: { unknownErrors: 'terminal' },
    expected: terminal('session_gone'),
  },

  // Classified by the `error`, whatever the status.
  {
    server: 'Authlib',
    because: 'it has no such grant',
    purpose: 'refresh',
    status: 501,
    body: { error: 'unsupported_grant_type' },
    expected: configuration('unsupported_grant_type'),
  },
  ...(['unauthorized_scope', 'invalid_target', 'invalid_dpop_proof', 'use_dpop_nonce'] as const).map(
    (error): Answer => ({
      server: 'a server with extensions',
      because: 'the request lacks something',
      purpose: 'refresh',
      status: 401,
      body: { error },
      expected: configuration(error),
    }),
  ),
  {
    server: 'a server that fails',
    because: 'its database is away',
    purpose: 'refresh',
    status: 500,
    body: { error: 'invalid_grant' },
    expected: transient('invalid_grant'),
  },
  {
    server: 'a server that fails',
    because: 'it says so itself',
    purpose: 'refresh',
    status: 400,
    body: { error: 'temporarily_unavailable' },
    expected: transient('temporarily_unavailable'),
  },

  // Successes in other forms.
  {
    server: 'OpenAuth',
    because: 'nothing is wrong',
    purpose: 'refresh',
    status: 200,
    body: { access_token: 'a', expires_in: 3599, refresh_token: 'r' },
    expected: 'success',
  },
  {
    server: 'a server that creates what it grants',
    because: 'nothing is wrong',
    purpose: 'code',
    status: 201,
    body: { access_token: 'a', token_type: 'Bearer', expires_in: 3599 },
    expected: 'success',
  },
  {
    server: 'a server that revokes later',
    because: 'nothing is wrong',
    purpose: 'revoke',
    status: 202,
    expected: 'success',
  },
  {
    server: 'a server without a body',
    because: 'nothing is wrong',
    purpose: 'revoke',
    status: 204,
    expected: 'success',
  },
];

const ASK: Readonly<Record<Purpose, (client: ReturnType<typeof clientOf>) => Promise<Failure | 'success'>>> = {
  refresh: async (client) => outcomeOf(await client.refresh(refresh)),
  code: async (client) => outcomeOf(await client.exchangeCode(codeExchange)),
  service: async (client) => outcomeOf(await client.clientCredentials({ scopes: [] })),
  revoke: async (client) => {
    const reply = await client.revoke({ token: refresh.refreshToken, hint: 'refresh_token' });
    return reply.revoked ? 'success' : reply.failure;
  },
};

function outcomeOf(reply: Awaited<ReturnType<ReturnType<typeof clientOf>['refresh']>>): Failure | 'success' {
  return reply.ok ? 'success' : reply.failure;
}

function profileOf(options: Partial<CustomServerOptions> = {}) {
  return customServer({
    issuer: server.origin,
    tokenEndpoint: `${server.origin}/token`,
    revocationEndpoint: `${server.origin}/revoke`,
    clientAuthentication: 'client_secret_basic',
    ...options,
  });
}

describe.each(ANSWERS)('$server, to a $purpose when $because, answers $status', (received) => {
  it(`and that is ${received.expected === 'success' ? 'success' : `${received.expected.kind} ${received.expected.code}`}`, async () => {
    const { status, headers = {}, body = '', expected, requests = 1, purpose } = received;
    const reaction = answer(status, body, headers);
    server.answers(reaction, reaction);
    const clientSecrets = [new Secret('first-secret'), new Secret('second-secret')];
    const outcome = await ASK[purpose](clientOf(profileOf(received.profile), { clientSecrets }));
    if (expected === 'success') expect(outcome).toBe('success');
    else expect(outcome).toMatchObject({ ...expected, status, source: 'server' });
    expect(server.requests).toHaveLength(requests);
  });
});

describe('a bare rejection', () => {
  it('is an error in the words of the server, with its status and the name that its support asks for', async () => {
    server.answers(answer(403, '<h1>Realm closed</h1>', { 'x-request-id': 'request-1' }));
    const failure = await ASK.refresh(clientOf(profileOf({ debugIdHeader: 'x-request-id', name: 'acme' })));
    const error = errorOf(failure as Failure);
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'http_403', status: 403, debugId: 'request-1' });
    expect(error.message).toBe(
      'The authorization server refused the request (http_403): acme answered 403 without an OAuth error: "Realm closed". Check how the application is configured, here and at the server.',
    );
  });

  it('by 401 says what to look at', async () => {
    server.answers(answer(401, 'Unauthorized', BASIC));
    const failure = await ASK.refresh(clientOf(profileOf({ name: 'acme' })));
    expect(errorOf(failure as Failure).message).toBe(
      'The authorization server refused the request (http_401): acme answered 401 without an OAuth error: "Unauthorized". Check clientId and clientSecret, and whether the secret is still valid.',
    );
  });
});

describe('a code that the wrong secret has burnt', () => {
  it('proves the second secret, which goes first from then on (better-auth)', async () => {
    const clientSecrets = [new Secret('first-secret'), new Secret('second-secret')];
    const client = clientOf(profileOf({ clientAuthentication: 'client_secret_post' }), { clientSecrets });
    server.answers(answer(401, { error: 'invalid_client' }), answer(400, { error: 'invalid_grant' }));
    expect(await ASK.code(client)).toMatchObject(terminal('invalid_grant'));
    server.answers(answer(200, { access_token: 'a', token_type: 'bearer' }));
    expect(await ASK.code(client)).toBe('success');
    expect(server.requests.map(({ form }) => form['client_secret'])).toEqual([
      'first-secret',
      'second-secret',
      'second-secret',
    ]);
  });

  it('proves nothing when a gateway answers in the place of the server', async () => {
    const clientSecrets = [new Secret('first-secret'), new Secret('second-secret')];
    const client = clientOf(profileOf({ clientAuthentication: 'client_secret_post' }), { clientSecrets });
    server.answers(answer(401, { error: 'invalid_client' }), answer(502, ''));
    await ASK.code(client);
    server.answers(answer(200, { access_token: 'a', token_type: 'bearer' }));
    await ASK.code(client);
    expect(server.requests.map(({ form }) => form['client_secret'])).toEqual([
      'first-secret',
      'second-secret',
      'first-secret',
    ]);
  });
});

describe('a revocation', () => {
  it('tries the second secret whatever the words of the rejection are, and succeeds', async () => {
    server.answers(answer(403, { error: 'no_such_word' }), answer(200, ''));
    const clientSecrets = [new Secret('first-secret'), new Secret('second-secret')];
    expect(await ASK.revoke(clientOf(profileOf(), { clientSecrets }))).toBe('success');
  });

  it('tells why it failed by the response that is not about the secret', async () => {
    const clientSecrets = [new Secret('first-secret'), new Secret('second-secret')];
    const refusals = [answer(400, { error: 'unsupported_token_type' }), answer(401, { error: 'invalid_client' })];
    server.answers(...refusals, ...refusals.toReversed());
    for (let order = 0; order < 2; order += 1) {
      expect(await ASK.revoke(clientOf(profileOf(), { clientSecrets }))).toMatchObject(
        terminal('unsupported_token_type'),
      );
    }
  });

  it('does not press a server that fails with the second secret', async () => {
    server.answers(answer(503, ''));
    const clientSecrets = [new Secret('first-secret'), new Secret('second-secret')];
    expect(await ASK.revoke(clientOf(profileOf(), { clientSecrets }))).toMatchObject(transient('http_503'));
    expect(server.requests).toHaveLength(1);
  });
});

describe('HTTP Basic', () => {
  const SPECIAL = 'fictional+100%/secret';
  const credentialsOf = (index: number) =>
    Buffer.from(String(server.requests[index]?.headers.authorization).replace('Basic ', ''), 'base64').toString();
  const refusedBy = async (options: Partial<CustomServerOptions>, secret = SPECIAL) => {
    server.answers(answer(401, { error: 'invalid_client' }));
    const failure = await ASK.refresh(clientOf(profileOf(options), { clientSecrets: [new Secret(secret)] }));
    return errorOf(failure as Failure).message;
  };

  it('is form-encoded unless the profile says raw (RFC 6749 §2.3.1)', async () => {
    await refusedBy({});
    await refusedBy({ basicCredentials: 'raw' });
    expect([credentialsOf(0), credentialsOf(1)]).toEqual([
      'fictional-client:fictional%2B100%25%2Fsecret',
      `fictional-client:${SPECIAL}`,
    ]);
  });

  it('that is rejected names the other ways when the secret has characters that are encoded, and not the secret', async () => {
    const message = await refusedBy({});
    expect(message).toContain(
      "set server.clientAuthentication to 'client_secret_post', or server.basicCredentials to 'raw'",
    );
    expect(message).not.toContain(SPECIAL);
    expect(await refusedBy({ basicCredentials: 'raw' })).toContain("server.basicCredentials to 'form-encoded'");
  });

  it('that is rejected names them for a bare 401 too, and nothing of the kind for other secrets or ways', async () => {
    server.answers(answer(401, '', BASIC));
    const failure = await ASK.refresh(clientOf(profileOf(), { clientSecrets: [new Secret(SPECIAL)] }));
    expect(errorOf(failure as Failure).message).toContain("'client_secret_post'");
    expect(await refusedBy({}, 'fictional-secret_1.*')).not.toContain('client_secret_post');
    expect(await refusedBy({ clientAuthentication: 'client_secret_post' })).not.toContain('basicCredentials');
  });
});
