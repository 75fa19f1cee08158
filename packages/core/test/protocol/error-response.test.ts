import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TransportError } from '../../src/kernel/errors.js';
import type { Failure } from '../../src/kernel/failure.js';
import type { Transport } from '../../src/kernel/transport.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { customServer } from '../../src/protocol/custom-server.js';
import type { ServerProfile } from '../../src/protocol/server-profile.js';
import { clientOf, codeExchange, GRANTED, NOW, refresh } from './fictional-client.js';
import { answer, hangUp, type Reaction, type ScriptedServer, scriptedServer } from './scripted-server.js';

let server: ScriptedServer;

beforeEach(async () => {
  server = await scriptedServer();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

const REQUESTS = {
  refresh: (client: ReturnType<typeof clientOf>) => client.refresh(refresh),
  code: (client: ReturnType<typeof clientOf>) => client.exchangeCode(codeExchange),
  clientCredentials: (client: ReturnType<typeof clientOf>) => client.clientCredentials({ scopes: [] }),
};

async function failureOf(
  reaction: Reaction,
  request: keyof typeof REQUESTS = 'refresh',
  profile: ServerProfile = adobeIms({ origin: server.origin }),
): Promise<Failure> {
  server.answers(reaction);
  const reply = await REQUESTS[request](clientOf(profile));
  if (reply.ok) throw new Error('the request was granted');
  return reply.failure;
}

describe('a rejection', () => {
  it('says what the server said, its status and the name that its support asks for', async () => {
    const refused = answer(
      400,
      { error: 'invalid_grant', error_description: 'Token is expired' },
      { 'x-debug-id': 'debug-1' },
    );
    expect(await failureOf(refused)).toEqual({
      kind: 'terminal',
      source: 'server',
      code: 'invalid_grant',
      description: 'Token is expired',
      status: 400,
      debugId: 'debug-1',
    });
  });

  it.each([
    ['refresh', 'invalid_grant', 'terminal'],
    ['refresh', 'access_denied', 'terminal'],
    ['refresh', 'invalid_request', 'terminal'],
    ['refresh', 'a_word_of_its_own', 'terminal'],
    ['refresh', 'constructor', 'terminal'],
    ['code', 'invalid_grant', 'terminal'],
    ['refresh', 'invalid_client', 'configuration'],
    ['refresh', 'unauthorized_client', 'configuration'],
    ['refresh', 'unsupported_grant_type', 'configuration'],
    ['refresh', 'invalid_scope', 'configuration'],
    ['refresh', 'server_error', 'transient'],
    ['refresh', 'temporarily_unavailable', 'transient'],
    ['clientCredentials', 'invalid_client', 'configuration'],
    ['clientCredentials', 'invalid_request', 'configuration'],
    ['clientCredentials', 'invalid_grant', 'configuration'],
    ['clientCredentials', 'access_denied', 'configuration'],
  ] as const)('of a %s with %s is %s (RFC 6749 §5.2)', async (request, error, kind) => {
    expect(await failureOf(answer(400, { error }), request)).toMatchObject({ kind, code: error, status: 400 });
  });

  it('with 401 and a challenge is read by its body anyway (RFC 6749 §5.2)', async () => {
    const refused = answer(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="fictional"' });
    expect(await failureOf(refused)).toMatchObject({ kind: 'configuration', code: 'invalid_client', status: 401 });
  });

  it('is read by its text, whatever it is labelled', async () => {
    const refused = answer(400, { error: 'invalid_client' }, { 'content-type': 'text/html' });
    expect(await failureOf(refused)).toMatchObject({ code: 'invalid_client' });
  });

  it.each([
    ['', 400, ''],
    ['<h1>Bad Request</h1>', 400, 'Bad Request'],
    ['{"error":42}', 400, ''],
    ['', 401, ''],
    ['Unauthorized', 401, 'Unauthorized'],
    ['{"error":"Unauthorized","message":"Client not found","statusCode":401}', 401, 'Client not found'],
    ['{"error":"Bad Request"}', 400, 'Bad Request'],
    ['<title>Blocked</title><style>p{}</style><h1>Blocked by a firewall</h1>', 403, 'Blocked Blocked by a firewall'],
    ['<h1>Not Found</h1>', 404, 'Not Found'],
    ['{"error":{"code":404,"message":"No such realm"}}', 404, 'No such realm'],
    ['{"errors":[{"title":"Gone"}]}', 410, 'Gone'],
    ['{"detail":"Invalid or missing authorization token"}', 403, 'Invalid or missing authorization token'],
    [`Unknown token ${'t'.repeat(31)} a=b`, 400, 'Unknown token … …'],
    ['{"access_token":"half of an ans', 400, ''],
    [`<p>${'long '.repeat(100)}`, 405, `${'long '.repeat(40)}`],
  ])('without an OAuth error (%j) goes by its status, %s, and is shown as "%s"', async (body, status, said) => {
    expect(await failureOf(answer(status, body, { 'x-debug-id': 'debug-1' }))).toEqual({
      kind: 'configuration',
      source: 'server',
      code: `http_${status}`,
      description: `adobe-ims answered ${status} without an OAuth error${said === '' ? '.' : `: "${said}"`}`,
      status,
      debugId: 'debug-1',
    });
  });

  it('by a 400 without an OAuth error ends a session only where the profile says so', async () => {
    const profile = { ...adobeIms({ origin: server.origin }), bareBadRequest: 'terminal' } as const;
    expect(await failureOf(answer(400, ''), 'refresh', profile)).toMatchObject({ kind: 'terminal', code: 'http_400' });
    for (const status of [401, 403, 404]) {
      expect(await failureOf(answer(status, ''), 'refresh', profile)).toMatchObject({ kind: 'configuration' });
    }
  });

  it('of client credentials without a word of OAuth is the client’s affair', async () => {
    expect(await failureOf(answer(400, ''), 'clientCredentials')).toMatchObject({ kind: 'configuration' });
  });

  it('without description gets one', async () => {
    expect(await failureOf(answer(400, { error: 'invalid_grant' }))).toMatchObject({
      description: 'adobe-ims gave no description.',
    });
  });

  it('by a word of the server’s own means what the profile says', async () => {
    const profile = customServer({
      issuer: server.origin,
      tokenEndpoint: `${server.origin}/token`,
      clientAuthentication: 'client_secret_post',
      errorKinds: { maintenance: 'transient', invalid_scope: 'terminal' },
    });
    expect(await failureOf(answer(400, { error: 'maintenance' }), 'refresh', profile)).toMatchObject({
      kind: 'transient',
    });
    expect(await failureOf(answer(400, { error: 'invalid_scope' }), 'refresh', profile)).toMatchObject({
      kind: 'terminal',
    });
  });

  it('keeps long texts short and takes out control characters', async () => {
    const refused = answer(
      400,
      { error: 'e'.repeat(1000), error_description: `\u0000\u001b[2J${'😀'.repeat(200)}` },
      { 'x-debug-id': 'd'.repeat(1000) },
    );
    const failure = await failureOf(refused);
    expect(failure.code).toHaveLength(100);
    expect(failure.debugId).toHaveLength(100);
    expect(failure.description).toBe(`[2J${'😀'.repeat(98)}`);
  });
});

it('names a rejection with an invisible error code as such', async () => {
  expect(await failureOf(answer(400, { error: '\u200b\n' }))).toMatchObject({
    kind: 'terminal',
    code: 'unnamed_error',
  });
});

describe('a demand that the user act', () => {
  const demand = (jump?: unknown) =>
    failureOf(answer(400, { error: 'ride_AdobeID_acct_actreq', error_description: 'Accept the terms', jump }));

  it('is terminal, and says where', async () => {
    expect(await demand('https://account.example.com/terms?id=1')).toEqual({
      kind: 'terminal',
      source: 'server',
      code: 'ride_AdobeID_acct_actreq',
      description: 'Accept the terms',
      status: 400,
      userActionRequired: true,
      actionUrl: 'https://account.example.com/terms?id=1',
    });
  });

  it('is one for client credentials too', async () => {
    const failure = await failureOf(answer(400, { error: 'ride_AdobeID_acct_terms' }), 'clientCredentials');
    expect(failure).toMatchObject({ kind: 'terminal', userActionRequired: true });
  });

  it.each([
    ['missing', undefined],
    ['no text', 42],
    ['relative', '/terms'],
    ['plain http', 'http://account.example.com/terms'],
    ['a script', 'javascript:alert(1)'],
    ['with a password', 'https://ada:password@account.example.com/'],
    ['too long to be shown whole', `https://account.example.com/${'long'.repeat(600)}`],
    ['with a secret of the request', 'https://account.example.com/?token=fictional-refresh-token'],
  ])('shows no address that is %s', async (_, jump) => {
    const failure = await demand(jump);
    expect(failure).toMatchObject({ userActionRequired: true });
    expect(failure).not.toHaveProperty('actionUrl');
  });

  it('is told by the word alone: an address with another error is not shown', async () => {
    const refused = answer(400, { error: 'invalid_grant', jump: 'https://account.example.com/terms' });
    expect(await failureOf(refused)).not.toHaveProperty('actionUrl');
  });
});

describe('a server that fails or asks to wait', () => {
  it.each([408, 429, 500, 502, 503, 504])('has judged nothing, whatever its body says: %s', async (status) => {
    expect(await failureOf(answer(status, { error: 'invalid_grant' }))).toMatchObject({ kind: 'transient', status });
    expect(await failureOf(answer(status, '<h1>Sorry</h1>'))).toMatchObject({
      kind: 'transient',
      code: `http_${status}`,
    });
  });

  it('is understood even when its words break off', async () => {
    expect(await failureOf(hangUp(503))).toMatchObject({ kind: 'transient', source: 'server', status: 503 });
  });

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Fri, 06 Nov 2026 08:01:30 GMT', 90_000],
    ['Friday, 06-Nov-26 08:01:30 GMT', 90_000],
    ['Fri Nov  6 08:01:30 2026', 90_000],
    ['Fri, 06 Nov 2026 07:00:00 GMT', 0],
    ['99999999999999999999', 2 ** 31 * 1000],
  ])('is waited for as it asks: %s is %s ms (RFC 9110 §10.2.3)', async (value, milliseconds) => {
    const date = new Date(NOW).toUTCString();
    const failure = await failureOf(answer(429, '', { 'retry-after': value, date }));
    expect(failure.retryAfter).toBe(milliseconds);
  });

  it.each(['soon', '-5', '1.5', '', 'Fri, 99 Nov 2026'])('asks for no time in particular by "%s"', async (value) => {
    expect(await failureOf(answer(503, '', { 'retry-after': value }))).not.toHaveProperty('retryAfter');
  });

  it('may have a clock of its own: its date counts from its own now', async () => {
    const headers = { 'retry-after': 'Sat, 01 Jan 2000 00:00:30 GMT', date: 'Sat, 01 Jan 2000 00:00:00 GMT' };
    expect(await failureOf(answer(503, '', headers))).toMatchObject({ retryAfter: 30_000 });
  });

  it('is measured by our clock when it does not say its own time', async () => {
    const headers = { 'retry-after': new Date(NOW + 45_000).toUTCString() };
    const transport = async () => new Response('', { status: 503, headers });
    const reply = await clientOf(adobeIms(), { transport }).refresh(refresh);
    expect(reply).toMatchObject({ failure: { retryAfter: 45_000 } });
  });
});

describe('a redirect', () => {
  it('is not followed, and nothing was carried out', async () => {
    const failure = await failureOf(answer(307, '', { location: `${server.origin}/elsewhere?canary` }));
    expect(failure).toEqual({
      kind: 'transient',
      source: 'server',
      code: 'redirect_refused',
      description: 'adobe-ims answered with a redirect, which is never followed. Check the address of the endpoint.',
      status: 307,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('that a browser does not show is one too', async () => {
    const opaque = Object.defineProperty(new Response(null), 'status', { value: 0 });
    const reply = await clientOf(adobeIms(), { transport: async () => opaque }).refresh(refresh);
    expect(reply).toMatchObject({ failure: { kind: 'transient', code: 'redirect_refused' } });
  });
});

describe('a response that did not come', () => {
  const failureBy = async (transport: Transport) => {
    const reply = await clientOf(adobeIms(), { transport }).refresh(refresh);
    return reply.ok ? undefined : reply.failure;
  };

  it.each([
    ['not_sent', 'transient'],
    ['unknown', 'ambiguous'],
  ] as const)('is, when the transport says %s, %s', async (delivery, kind) => {
    const failure = await failureBy(() => Promise.reject(new TransportError('timeout', 'Too slow.', { delivery })));
    expect(failure).toEqual({ kind, source: 'transport', code: 'timeout', description: 'Too slow.', delivery });
  });

  it('is ambiguous when a bare fetch rejects, and does not repeat its message', async () => {
    const failure = await failureBy(() => Promise.reject(new TypeError('canary')));
    expect(failure).toMatchObject({ kind: 'ambiguous', source: 'transport', code: 'no_answer', delivery: 'unknown' });
    expect(JSON.stringify(failure)).not.toContain('canary');
  });

  it('is the same when the transport throws at once', async () => {
    const failure = await failureBy(() => {
      throw new TypeError('canary');
    });
    expect(failure).toMatchObject({ kind: 'ambiguous', code: 'no_answer' });
  });

  it('is ambiguous when the server hangs up', async () => {
    expect(await failureOf(hangUp())).toMatchObject({ kind: 'ambiguous', code: 'no_answer' });
  });

  it.each([200, 400])('is ambiguous when it breaks off after the status %s', async (status) => {
    expect(await failureOf(hangUp(status))).toMatchObject({ kind: 'ambiguous', code: 'no_answer' });
  });
});

it('a transport that does not answer as fetch does is a matter of configuration', async () => {
  const transport = (async () => undefined) as unknown as Transport;
  const reply = clientOf(adobeIms(), { transport }).refresh(refresh);
  await expect(reply).rejects.toMatchObject({ name: 'ConfigurationError', code: 'invalid_transport' });
});

it.each([201, 202, 203])('a success grants tokens whatever its number: %s', async (status) => {
  server.answers(answer(status, GRANTED));
  const client = clientOf(adobeIms({ origin: server.origin }));
  expect(await client.refresh(refresh)).toMatchObject({ ok: true, tokens: { expiresIn: 3600 } });
});

it('a success that holds an error is that error', async () => {
  const refused = answer(200, { error: 'invalid_grant', error_description: 'Token is expired' });
  expect(await failureOf(refused)).toEqual({
    kind: 'terminal',
    source: 'server',
    code: 'invalid_grant',
    description: 'Token is expired',
    status: 200,
  });
});
