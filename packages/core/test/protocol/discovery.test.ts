import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TransportError } from '../../src/kernel/errors.js';
import type { Transport } from '../../src/kernel/transport.js';
import { type DiscoveryOptions, discoverServer } from '../../src/protocol/discovery.js';
import { answer, type ScriptedServer, scriptedServer } from './scripted-server.js';

let server: ScriptedServer;
let issuer: string;

beforeEach(async () => {
  server = await scriptedServer();
  issuer = `${server.origin}/tenant`;
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

const transport: Transport = (url, init) => fetch(url, init);

const metadata = (more: object = {}) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  ...more,
});

const discover = (options: Partial<DiscoveryOptions> = {}) => discoverServer(issuer, { transport, ...options });

async function refusalOf(promise: Promise<unknown>): Promise<Error> {
  const reason = await promise.then(() => new Error('nothing was refused')).catch((error: unknown) => error);
  return reason as Error;
}

const NOT_THERE = answer(404, '<h1>Not Found</h1>');

describe('discoverServer()', () => {
  it('asks between host and path first (RFC 8414 §3.1), and makes a profile of what is there', async () => {
    server.answers(
      answer(
        200,
        metadata({ revocation_endpoint: `${issuer}/revoke`, authorization_response_iss_parameter_supported: true }),
      ),
    );
    expect(await discover()).toEqual({
      name: new URL(issuer).host,
      issuer,
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint: `${issuer}/token`,
      revocationEndpoint: `${issuer}/revoke`,
      clientAuthentication: 'client_secret_basic',
      clientCredentialsAuthentication: 'client_secret_basic',
      pkce: 'S256',
      scopeSeparator: ' ',
      defaultScopes: { clientCredentials: [], user: [] },
      plainHttpRedirects: true,
      callbackCarriesIssuer: true,
      codeRequestCarriesStateAndScope: false,
      refreshCarriesScope: false,
      revocationClientId: 'body',
      revocationTokenTypeHint: true,
      wrongSecret: [{ error: 'invalid_client' }],
      errorKinds: {},
    });
    expect(server.requests).toMatchObject([
      {
        method: 'GET',
        target: '/.well-known/oauth-authorization-server/tenant',
        headers: { accept: 'application/json' },
      },
    ]);
  });

  it('asks after the path next (OpenID Connect Discovery §4), and at last where RFC 8414 §5 allows it', async () => {
    server.answers(NOT_THERE, answer(200, '<p>A page for all that is not there'), answer(200, metadata()));
    expect(await discover()).toMatchObject({ tokenEndpoint: `${issuer}/token` });
    expect(server.requests.map(({ target }) => target)).toEqual([
      '/.well-known/oauth-authorization-server/tenant',
      '/tenant/.well-known/openid-configuration',
      '/.well-known/openid-configuration/tenant',
    ]);
  });

  it('asks twice where the issuer has no path, with a slash at its end or without', async () => {
    for (const slash of ['', '/']) {
      const named = `${server.origin}${slash}`;
      server.answers(NOT_THERE, answer(200, { issuer: named, token_endpoint: `${server.origin}/token` }));
      const profile = await discoverServer(named, { transport });
      expect(profile).toMatchObject({ issuer: named, callbackCarriesIssuer: false });
      expect(profile).not.toHaveProperty('authorizationEndpoint');
      expect(profile).not.toHaveProperty('revocationEndpoint');
    }
    expect(server.requests.map(({ target }) => target)).toEqual([
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
    ]);
  });

  it.each([
    [['client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
    [['private_key_jwt', 'client_secret_post', 'none'], 'client_secret_post'],
    [['none'], 'none'],
    [undefined, 'client_secret_basic'],
  ])('has clients authenticate in the first way that it knows: %j', async (offered, way) => {
    server.answers(answer(200, metadata({ token_endpoint_auth_methods_supported: offered })));
    expect(await discover()).toMatchObject({ clientAuthentication: way });
  });

  it('offers services what the document lists, unless the application knows better', async () => {
    const listed = metadata({ grant_types_supported: ['authorization_code'], revocation_endpoint: null });
    server.answers(answer(200, listed), answer(200, listed));
    expect(await discover()).not.toHaveProperty('clientCredentialsAuthentication');
    expect(await discover({ clientCredentialsAuthentication: 'client_secret_post' })).toMatchObject({
      clientCredentialsAuthentication: 'client_secret_post',
    });
  });

  it('lets options take the place of what the document says', async () => {
    server.answers(answer(200, metadata({ token_endpoint_auth_methods_supported: ['tls_client_auth'] })));
    const options = {
      name: 'acme',
      clientAuthentication: 'client_secret_post',
      authorizationEndpoint: 'https://pages.example.com/authorize',
      tokenEndpoint: 'https://tokens.example.com/token',
      revocationEndpoint: 'https://tokens.example.com/revoke',
      callbackCarriesIssuer: true,
      scopeSeparator: ',',
    } as const;
    expect(await discover(options)).toMatchObject(options);
  });

  it('takes endpoints of other origins that are allowed', async () => {
    const token_endpoint = 'https://tokens.example.com/token';
    server.answers(answer(200, metadata({ token_endpoint })));
    const profile = await discover({ allowedOrigins: ['https://tokens.example.com'] });
    expect(profile.tokenEndpoint).toBe(token_endpoint);
  });
});

describe('a document that cannot be trusted', () => {
  it.each<[string, () => object, RegExp]>([
    [
      'of another issuer',
      () => ({ issuer: 'https://evil.example\r\n' }),
      /issuer is ".*\/tenant", and the document at .*\/\.well-known\/oauth-authorization-server\/tenant names the issuer "https:\/\/evil\.example"/,
    ],
    ['of nearly the same issuer', () => ({ issuer: `${issuer}/` }), /must be equal to the letter/],
    ['of no issuer', () => ({ issuer: 7 }), /names no issuer/],
    [
      'with a token endpoint elsewhere',
      () => ({ token_endpoint: 'https://evil.example/token' }),
      /issuer: the document at .* has its token_endpoint at another origin, https:\/\/evil\.example\. If that is right, set allowedOrigins/,
    ],
    [
      'with a page elsewhere',
      () => ({ authorization_endpoint: 'https://evil.example/' }),
      /its authorization_endpoint at another origin/,
    ],
    [
      'with a revocation endpoint elsewhere',
      () => ({ revocation_endpoint: 'http://127.0.0.1:1/' }),
      /its revocation_endpoint at another origin/,
    ],
    [
      'with a token endpoint over http',
      () => ({ token_endpoint: 'http://login.example.com/token' }),
      /issuer: the token_endpoint in the document at .* must be https/,
    ],
    [
      'with a password in an endpoint',
      () => ({ token_endpoint: 'https://ada:canary@example.com/' }),
      /holds a user name or password/,
    ],
    [
      'with an endpoint that is no text',
      () => ({ token_endpoint: ['https://example.com'] }),
      /issuer: the token_endpoint in the document at .* is not a URL/,
    ],
    [
      'without a token endpoint',
      () => ({ token_endpoint: undefined }),
      /issuer: the document at .* names no token_endpoint/,
    ],
    [
      'with PKCE of the weak kind alone',
      () => ({ code_challenge_methods_supported: ['plain'] }),
      /offers PKCE without S256/,
    ],
    [
      'with ways to authenticate that are not known',
      () => ({ token_endpoint_auth_methods_supported: ['private_key_jwt'] }),
      /offers none of client_secret_basic/,
    ],
  ])('is rejected: one %s', async (_name, members, complaint) => {
    server.answers(answer(200, metadata(members())));
    const refusal = await refusalOf(discover());
    expect(refusal).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' });
    expect(refusal.message).toMatch(/^discoverServer\(\): |^issuer/);
    expect(refusal.message).toMatch(complaint);
    expect(refusal.message).not.toContain('canary');
    expect(server.requests).toHaveLength(1);
  });

  it('is not read beyond what a document can need, with streams and without', async () => {
    const long = JSON.stringify(metadata({ padding: 'x'.repeat(300_000) }));
    let cancelled = false;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(16_384).fill(0x20)),
        cancel: () => {
          cancelled = true;
        },
      });
    for (const body of [endless, () => long]) {
      const bounded = await refusalOf(discover({ transport: async () => new Response(body()) }));
      expect(bounded.message).toContain('oauth-authorization-server/tenant is longer than 262144 characters');
    }
    expect(cancelled).toBe(true);
    const withoutStream = (text: string) => async () =>
      Object.defineProperty(new Response(text), 'body', { value: undefined });
    expect((await refusalOf(discover({ transport: withoutStream(long) }))).message).toContain('is longer than');
    const profile = await discover({ transport: withoutStream(JSON.stringify(metadata())) });
    expect(profile.tokenEndpoint).toBe(`${issuer}/token`);
  });
});

describe('a document that is not there', () => {
  it('is an error that says what each address had', async () => {
    server.answers(NOT_THERE, answer(302, '', { location: 'https://login.example.com/' }), answer(200, '[]'));
    const refusal = await refusalOf(discover());
    expect(refusal).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' });
    expect(refusal.message).toBe(
      `discoverServer(): issuer: no metadata was found: ${server.origin}/.well-known/oauth-authorization-server/tenant answered 404; ${issuer}/.well-known/openid-configuration answered with a redirect; ${server.origin}/.well-known/openid-configuration/tenant is no JSON object. Check that it is the server's identifier to the letter, or describe the server with customServer().`,
    );
  });

  it('because the server is down is not the fault of the configuration', async () => {
    server.answers(answer(503, ''), answer(429, '', { 'retry-after': '7' }));
    expect(await refusalOf(discover())).toMatchObject({ name: 'ProtocolError', code: 'http_503', status: 503 });
    expect(await refusalOf(discover())).toMatchObject({ name: 'RateLimitError', retryAfter: 7 });
    const refused = new TransportError('ECONNREFUSED', 'No server listens.', { delivery: 'not_sent' });
    const lost = discover({ transport: () => Promise.reject(refused) });
    expect(await refusalOf(lost)).toMatchObject({ name: 'TransportError', code: 'ECONNREFUSED', delivery: 'not_sent' });
  });

  it('fails if the transport rejects redirects, and reports an invalid transport', async () => {
    const redirected = new TransportError('redirect_refused', 'A redirect.', { delivery: 'unknown' });
    const refusal = await refusalOf(discover({ transport: () => Promise.reject(redirected) }));
    expect(refusal.message).toContain('oauth-authorization-server/tenant answered with a redirect');
    const nothing = discover({ transport: (async () => undefined) as unknown as Transport });
    expect(await refusalOf(nothing)).toMatchObject({ code: 'invalid_transport' });
  });
});

describe('bad input', () => {
  it.each<[string, unknown, unknown, string]>([
    ['http', 'http://login.example.com', {}, 'issuer must be https'],
    ['no address', 'login.example.com', {}, 'issuer is not a URL'],
    ['a query', 'https://login.example.com/?a=b', {}, 'issuer has a query'],
    ['a fragment', 'https://login.example.com/#a', {}, 'issuer has a fragment'],
    [
      'origins that are no list',
      'https://login.example.com',
      { allowedOrigins: 'https://a' },
      'allowedOrigins must be an array',
    ],
    [
      'an origin with a path',
      'https://login.example.com',
      { allowedOrigins: ['https://a/b'] },
      'allowedOrigins has a path',
    ],
    ['no transport', 'https://login.example.com', { transport: undefined }, 'transport is missing'],
  ])('is rejected before a request is sent: %s', async (_name, named, options, complaint) => {
    let asked = 0;
    const counting: Transport = async () => {
      asked += 1;
      return new Response();
    };
    const discovery = discoverServer(named as string, { transport: counting, ...(options as object) });
    const refusal = await refusalOf(discovery);
    expect(refusal).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' });
    expect(refusal.message).toContain(complaint);
    expect(asked).toBe(0);
  });

  it('is rejected when there are no options at all', async () => {
    const refusal = await refusalOf(discoverServer('https://login.example.com', undefined as never));
    expect(refusal.message).toContain('transport is missing');
  });
});
