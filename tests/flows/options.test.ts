import {
  adobeIms,
  ConfigurationError,
  customServer,
  legacyFrameio,
  NativeAppAuth,
  ServerToServerAuth,
  SPAAuth,
  WebAppAuth,
} from '@frameio-auth/core';
import { describe, expect, it } from 'vitest';

const transport = async () => new Response();
const redirectUri = 'https://review-portal.example/callback';
const service = { clientId: 'nightly-ingest.fictional', clientSecret: 'client-secret.fictional', transport };
const portal = { ...service, redirectUri };
const player = { clientId: 'dailies-player.fictional', redirectUri, transport };

type Options = Readonly<Record<string, unknown>>;
const flows = {
  service: (options: Options) => new ServerToServerAuth({ ...service, ...options } as never),
  portal: (options: Options) => new WebAppAuth({ ...portal, ...options } as never),
  player: (options: Options) => new SPAAuth({ ...player, ...options } as never),
  uploader: (options: Options) => new NativeAppAuth({ ...player, ...options } as never),
};

function refusalOf(make: () => unknown): ConfigurationError {
  try {
    make();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

const REFUSED: readonly (readonly [string, keyof typeof flows, Options, RegExp])[] = [
  ['no clientId', 'service', { clientId: undefined }, /^clientId is missing\. Pass the client ID/],
  ['an empty clientId', 'player', { clientId: '' }, /^clientId is missing\. Pass the client ID/],
  ['a clientId that is no string', 'portal', { clientId: 7 }, /^clientId is missing\. Pass the client ID/],
  ['a clientId with a space before it', 'service', { clientId: ' x' }, /^clientId begins or ends with a space/],
  [
    'a blank at the end of the second secret',
    'portal',
    { clientSecret: ['good.fictional', 'secret.fictional '] },
    /^clientSecret begins or ends with a space.*trim\(\) it where you read it/,
  ],
  ['a clientId that is no ASCII', 'player', { clientId: 'clé' }, /^clientId must be printable ASCII.*Copy it again/],
  [
    'a clientId with a line break',
    'player',
    { clientId: 'x\n' },
    /^clientId begins or ends with a space or a line break.*Copy it again/,
  ],
  [
    'no secret for a service',
    'service',
    { clientSecret: undefined },
    /^clientSecret is missing.*use SPAAuth or NativeAppAuth/,
  ],
  [
    'no secret for a web app',
    'portal',
    { clientSecret: undefined },
    /^clientSecret is missing.*use SPAAuth or NativeAppAuth/,
  ],
  ['an empty secret', 'portal', { clientSecret: '' }, /^clientSecret is missing.*use SPAAuth or NativeAppAuth/],
  ['null for a secret', 'service', { clientSecret: null }, /^clientSecret is missing/],
  ['no secret in an array', 'service', { clientSecret: [] }, /^clientSecret must be a string, or an array of two/],
  [
    'an empty secret in an array',
    'service',
    { clientSecret: ['a', ''] },
    /^clientSecret must be a string, or an array/,
  ],
  [
    'a secret with a line break',
    'service',
    { clientSecret: 'secret\n' },
    /^clientSecret begins or ends with a space or a line break/,
  ],
  [
    'a secret for a single-page app',
    'player',
    { clientSecret: 's' },
    /^clientSecret is set.*use WebAppAuth on a server/,
  ],
  ['a secret for a native app', 'uploader', { clientSecret: 's' }, /^clientSecret is set, but NativeAppAuth/],
  [
    'no redirectUri',
    'portal',
    { redirectUri: undefined },
    /^redirectUri is missing\. Pass the address that is registered/,
  ],
  ['an empty redirectUri', 'player', { redirectUri: '' }, /^redirectUri is missing/],
  ['a redirectUri that is no URI', 'player', { redirectUri: '/callback' }, /^redirectUri is not a URL.*https:\/\/host/],
  [
    'a redirectUri with a line break',
    'player',
    { redirectUri: `${redirectUri}\n` },
    /^redirectUri has a space or a line/,
  ],
  [
    'a redirectUri without a scheme, which reads as one named "localhost"',
    'player',
    { redirectUri: 'localhost:8080/callback' },
    /^redirectUri has no scheme\. Pass the whole URL: https:\/\/host/,
  ],
  [
    'http for Adobe',
    'player',
    { redirectUri: 'http://localhost:80/cb' },
    /^redirectUri must be https for adobe-ims, for localhost as well/,
  ],
  [
    'http to elsewhere',
    'player',
    { redirectUri: 'http://player.example/cb', server: legacyFrameio({ pkce: true }) },
    /^redirectUri must be https, because/,
  ],
  [
    'a fragment',
    'player',
    { redirectUri: `${redirectUri}#top` },
    /^redirectUri has a fragment.*Take it out \(RFC 6749 §3\.1\.2\)/,
  ],
  ['no transport', 'service', { transport: undefined }, /^transport is missing\. Pass fetchTransport\(\)/],
  ['a transport that is an object', 'service', { transport: {} }, /^transport is missing\. Pass fetchTransport\(\)/],
  ['a storage that is none', 'service', { storage: new Map() }, /^storage is not a storage\. Pass memoryStorage\(\)/],
  ['null for a storage', 'service', { storage: null }, /^storage is not a storage\. Pass memoryStorage\(\)/],
  [
    'a storage that was not made',
    'service',
    { storage: () => ({}) },
    /^storage is not a storage\. Pass memoryStorage\(\)/,
  ],
  ['a negative buffer', 'service', { refreshBuffer: -1 }, /^refreshBuffer must be a number of seconds, 0 or more/],
  [
    'a buffer that is text',
    'service',
    { refreshBuffer: '300' },
    /^refreshBuffer must be a number of seconds, 0 or more/,
  ],
  ['a buffer without end', 'service', { refreshBuffer: Number.POSITIVE_INFINITY }, /^refreshBuffer must be a number/],
  [
    'no concurrency at all',
    'service',
    { concurrency: 0 },
    /^concurrency must be a whole number of sessions, 1 or more/,
  ],
  ['half a session', 'portal', { concurrency: 0.5 }, /^concurrency must be a whole number of sessions, 1 or more/],
  ['a text for a concurrency', 'portal', { concurrency: '64' }, /^concurrency must be a whole number of sessions/],
  ['no number for a buffer', 'service', { refreshBuffer: Number.NaN }, /^refreshBuffer must be a number/],
  [
    'another onStorageUnavailable',
    'service',
    { onStorageUnavailable: 'retry' },
    /^onStorageUnavailable must be 'request' or 'fail'/,
  ],
  [
    'an onTokenRefreshed that is no function',
    'service',
    { onTokenRefreshed: 'log' },
    /^onTokenRefreshed must be a function/,
  ],
  [
    'an onReauthenticationDue that is no function',
    'portal',
    { onReauthenticationDue: 1 },
    /^onReauthenticationDue must be a function/,
  ],
  ['an onStateChange that is no function', 'service', { onStateChange: {} }, /^onStateChange must be a function/],
  [
    'scopes that are neither',
    'service',
    { scopes: 42 },
    /^scopes must be an array of strings, such as \['openid', 'profile'\]/,
  ],
  ['no pending sign-ins', 'portal', { maxPendingSignIns: 0 }, /^maxPendingSignIns must be a whole number of sign-ins/],
  ['half a sign-in', 'player', { maxPendingSignIns: 2.5 }, /^maxPendingSignIns must be a whole number of sign-ins/],
  [
    'a reach of revocations that is none',
    'portal',
    { server: { ...adobeIms(), revocationReach: 'grant' } },
    /^server\.revocationReach must be one of 'sign_in', 'user'/,
  ],
  ['scopes that are not strings', 'player', { scopes: ['openid', 7] }, /^scopes must be an array of strings/],
  ['null for scopes', 'player', { scopes: null }, /^scopes must be an array of strings/],
  ['null for a server', 'service', { server: null }, /^server is not a server profile\. Pass adobeIms\(\)/],
  ['the name of a server', 'service', { server: 'adobe-ims' }, /^server is not a server profile\. Pass adobeIms\(\)/],
  [
    'a server that was not made',
    'service',
    { server: adobeIms },
    /^server is not a server profile\. Pass adobeIms\(\)/,
  ],
  [
    'a server over plain http',
    'service',
    { server: { ...adobeIms(), tokenEndpoint: 'http://ims.example/token' } },
    /^server\.tokenEndpoint must be https, because secrets travel there/,
  ],
  [
    'a secret for a legacy app with PKCE',
    'portal',
    { server: legacyFrameio({ pkce: true }) },
    /accepts no clientSecret, as its profile says\. Leave it out/,
  ],
  [
    'a legacy app without PKCE that has no secret',
    'player',
    { server: legacyFrameio() },
    /clientSecret\. Pass it, or register the app with PKCE: legacyFrameio\(\{ pkce: true \}\)/,
  ],
];

/** What no application can be reached by (RFC 8252 §7, RFC 9700 §2.1). */
const NO_REDIRECT = [
  ...['javascript:/alert(1)', 'JavaScript://x/%0aalert(1)', 'data:/text,x', 'vbscript:/x', 'blob:/x', 'about:/blank'],
  ...['file:///etc/passwd', 'ftp://x/cb', 'ws://x/cb', 'wss://x/cb', 'intent:/x', 'view-source:/x', 'mailto:/x'],
];

describe('an auth object', () => {
  it.each(NO_REDIRECT)('is rejected with the redirectUri %s', (address) => {
    for (const flow of ['portal', 'player', 'uploader'] as const) {
      const error = refusalOf(() => flows[flow]({ redirectUri: address }));
      expect(error.message).toMatch(/^redirectUri has the scheme [a-z-]+: which opens no application\. Pass an https/);
    }
  });

  it.each(REFUSED)('is rejected with %s', (_name, flow, options, message) => {
    const error = refusalOf(() => flows[flow](options));
    expect(error.message).toMatch(message);
    expect(error.name).toBe('ConfigurationError');
    expect(error.code).toMatch(/^(?:invalid_option|client_secret_unexpected|client_secret_missing)$/);
  });

  it.each(REFUSED)('does not repeat a secret when it is rejected with %s', (_name, flow, options) => {
    const error = refusalOf(() => flows[flow](options));
    expect(JSON.stringify([error, error.stack])).not.toContain('client-secret.fictional');
  });

  it.each([
    ['fetch itself for a transport', 'service', { transport: fetch }],
    ['two secrets', 'service', { clientSecret: ['old.fictional', 'new.fictional'] }],
    ['an undefined secret for a public client', 'player', { clientSecret: undefined }],
    ['no buffer', 'portal', { refreshBuffer: 0 }],
    ['no scopes', 'player', { scopes: [] }],
    [
      'http on loopback for the legacy server',
      'player',
      { redirectUri: 'http://localhost:5050/callback', server: legacyFrameio({ pkce: true }) },
    ],
    ['a scheme by its domain (RFC 8252 §7.1)', 'uploader', { redirectUri: 'com.example.uploader:/callback' }],
    ['a scheme of its own (RFC 8252 §7.1)', 'uploader', { redirectUri: 'adobe+f1c710a1://adobeid/slate-uploader' }],
    ['a query in the redirect URI', 'portal', { redirectUri: `${redirectUri}?tenant=7` }],
    [
      'a server of its own',
      'portal',
      {
        server: customServer({
          issuer: 'https://login.example',
          authorizationEndpoint: 'https://login.example/authorize',
          tokenEndpoint: 'https://login.example/token',
          clientAuthentication: 'client_secret_post',
        }),
      },
    ],
  ] as const)('is made with %s', (_name, flow, options) => {
    expect(flows[flow](options).snapshot.state).toBe('restoring');
  });
});

describe('the profile of a server', () => {
  const endpoints = {
    issuer: 'https://login.example',
    authorizationEndpoint: 'https://login.example/authorize',
    tokenEndpoint: 'https://login.example/token',
    clientAuthentication: 'client_secret_basic',
  };

  it.each<readonly [string, () => unknown, RegExp]>([
    [
      'an unknown environment',
      () => adobeIms({ environment: 'moon' as never }),
      /^adobeIms: environment must be 'production' or 'stage'/,
    ],
    [
      'a path in the origin',
      () => adobeIms({ origin: 'https://ims.example/ims' }),
      /^adobeIms: origin has a path.*Pass only the origin/,
    ],
    [
      'plain http to elsewhere',
      () => legacyFrameio({ origin: 'http://applications.example' }),
      /^legacyFrameio: origin must be https/,
    ],
    [
      'no token endpoint',
      () => customServer({ ...endpoints, tokenEndpoint: undefined } as never),
      /^server\.tokenEndpoint is not a URL.*Pass an absolute one/,
    ],
    [
      'an issuer that is no URL',
      () => customServer({ ...endpoints, issuer: 'login' } as never),
      /^server\.issuer is not a URL/,
    ],
    [
      'a password in an address',
      () => customServer({ ...endpoints, tokenEndpoint: 'https://me:pass@login.example/t' } as never),
      /^server\.tokenEndpoint holds a user name or password\. Take it out/,
    ],
    [
      'an unknown authentication',
      () => customServer({ ...endpoints, clientAuthentication: 'private_key_jwt' } as never),
      /^server\.clientAuthentication must be one of 'client_secret_basic', 'client_secret_post', 'none'/,
    ],
    [
      'an unknown separator',
      () => customServer({ ...endpoints, scopeSeparator: ';' } as never),
      /^server\.scopeSeparator must be one of/,
    ],
    [
      'a lifetime that is none',
      () => customServer({ ...endpoints, refreshTokenLifetime: -1 } as never),
      /^server\.refreshTokenLifetime must be a whole number above 0/,
    ],
    [
      'a scope that is several',
      () => customServer({ ...endpoints, defaultScopes: { user: ['a b'] } } as never),
      /^server\.defaultScopes\.user holds "a b"/,
    ],
  ])('is rejected with %s', (_name, make, message) => {
    const error = refusalOf(make);
    expect(error.message).toMatch(message);
    expect([error.code, error.message.includes('pass@')]).toEqual(['invalid_option', false]);
  });
});
