import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/kernel/errors.js';
import { isSecureUrl } from '../../src/kernel/secure-url.js';
import { NativeAppAuth } from '../../src/native-app-auth.js';
import { type AdobeImsOptions, adobeIms } from '../../src/protocol/adobe-ims.js';
import { type CustomServerOptions, customServer } from '../../src/protocol/custom-server.js';
import { type LegacyFrameioOptions, legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import { checkRedirectUri } from '../../src/protocol/redirect-uri.js';
import { checkScopes } from '../../src/protocol/scope.js';
import type { ServerProfile } from '../../src/protocol/server-profile.js';
import { checkAddress, checkOrigin } from '../../src/protocol/web-address.js';
import { ServerToServerAuth } from '../../src/server-to-server-auth.js';
import { readScopes, type Scopes } from '../../src/session/scopes.js';
import { SPAAuth } from '../../src/spa-auth.js';
import { StaticTokenAuth } from '../../src/static-token-auth.js';
import { WebAppAuth } from '../../src/web-app-auth.js';
import { anyText, anything, exposed, isDocumented, rejectionOf, runs, thrownBy } from '../fuzzing.js';

const SECRET = 'canary-secret';

/** Options of which some are valid and some are anything. */
function odd<Options extends object>(options: Options): fc.Arbitrary<Record<string, unknown>> {
  const good = Object.entries(options).map(([name, value]) => [
    name,
    fc.oneof({ weight: 8, arbitrary: fc.constant(value) }, anything),
  ]);
  return fc.record(Object.fromEntries(good));
}

const anyAddress = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.constantFrom(
    'http://localhost:1/',
    'http://127.1',
    'http://[::1]',
    'https://u:p@host',
    'app:/x',
    'HTTPS://X#',
    ' ',
  ),
  fc.constantFrom<unknown>(
    new URL('https://host/callback'),
    'http://localhost.example.com/',
    'https:/\\host',
    '//host',
  ),
  anything,
);

const PROFILE = {
  ...adobeIms(),
  issuer: 'https://id.example.com',
  refreshCarriesScope: true,
  errorKinds: { session_gone: 'terminal' },
};

/** Any profile that an application in JavaScript can write. */
const oddProfile = fc.oneof(odd(PROFILE), anything);

const CUSTOM = {
  issuer: 'https://id.example.com',
  tokenEndpoint: 'https://id.example.com/token',
  clientAuthentication: 'client_secret_post',
  scopeSeparator: ' ',
  defaultScopes: { user: ['openid'] },
  debugIdHeader: 'x-request-id',
};

const refused = () => Promise.resolve(Response.json({ error: 'session_gone', jump: 'x' }, { status: 400 }));

const COMMON = {
  transport: refused,
  storage: undefined,
  server: undefined,
  refreshBuffer: 300,
  onTokenRefreshed: undefined,
  onStateChange: undefined,
  inspect: undefined,
  clock: undefined,
  entropy: undefined,
  onStorageUnavailable: 'fail',
  scopes: ['openid'],
  clientId: 'fictional-client',
};

const REDIRECT = { ...COMMON, redirectUri: 'https://app.example.com/callback' };

/** Expects no error, or one that names the wrong option and does not hold any option's value. */
function expectAdvice(error: unknown): void {
  if (error === undefined) return;
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as ConfigurationError).message).toMatch(/\S/);
  expect(exposed(error)).not.toContain(SECRET);
}

describe('options of any kind', () => {
  it('make an auth object that settles every call, or a ConfigurationError', async () => {
    const makers = fc.oneof(
      fc.record({ Auth: fc.constant(ServerToServerAuth), options: odd({ ...COMMON, clientSecret: SECRET }) }),
      fc.record({ Auth: fc.constant(WebAppAuth), options: odd({ ...REDIRECT, clientSecret: [SECRET, 'other'] }) }),
      fc.record({ Auth: fc.constantFrom(SPAAuth, NativeAppAuth), options: odd(REDIRECT) }),
      fc.record({
        Auth: fc.constantFrom(ServerToServerAuth, WebAppAuth, SPAAuth, NativeAppAuth, StaticTokenAuth),
        options: anything,
      }),
    );
    await fc.assert(
      fc.asyncProperty(makers, async ({ Auth, options }) => {
        let auth: { close(): Promise<void> } | undefined;
        expectAdvice(
          thrownBy(() => {
            auth = new (Auth as new (options: unknown) => typeof auth & object)(options);
          }),
        );
        await auth?.close();
      }),
      runs(200),
    );
  });

  it('for a server make a profile that can be used, or a ConfigurationError', async () => {
    await fc.assert(
      fc.asyncProperty(oddProfile, async (server) => {
        let auth: ServerToServerAuth | undefined;
        const options = { clientId: 'fictional-client', clientSecret: SECRET, transport: refused };
        expectAdvice(
          thrownBy(() => {
            auth = new ServerToServerAuth({ ...options, server: server as ServerProfile });
          }),
        );
        if (auth === undefined) return;
        const error = await rejectionOf(auth.getToken());
        expect(isDocumented(error)).toBe(true);
        expect(exposed(error)).not.toContain(SECRET);
        await auth.close();
      }),
      runs(300),
    );
  });

  it('of the servers that are known make a profile, or a ConfigurationError', () => {
    fc.assert(
      fc.property(
        fc.oneof(odd({ origin: 'http://localhost:1', environment: 'stage', pkce: true }), anything),
        (options) => {
          expectAdvice(thrownBy(() => adobeIms(options as AdobeImsOptions)));
          expectAdvice(thrownBy(() => legacyFrameio(options as LegacyFrameioOptions)));
        },
      ),
      runs(150),
    );
    fc.assert(
      fc.property(fc.oneof(odd(CUSTOM), anything), (options) => {
        expectAdvice(thrownBy(() => customServer(options as unknown as CustomServerOptions)));
      }),
      runs(200),
    );
  });

  it('that are addresses are private, or rejected without being shown', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const read: (URL | string)[] = [];
        expectAdvice(thrownBy(() => read.push(checkAddress('server.issuer', address))));
        expectAdvice(thrownBy(() => read.push(checkOrigin('server', address as string))));
        for (const url of read) expect(isSecureUrl(new URL(url))).toBe(true);
      }),
      runs(200),
    );
  });

  it('that are redirect URIs are absolute, or rejected', () => {
    fc.assert(
      fc.property(fc.constantFrom(adobeIms(), legacyFrameio()), anyAddress, (profile, address) => {
        const error = thrownBy(() => checkRedirectUri(profile, address as string));
        expectAdvice(error);
        if (error === undefined) expect(new URL(address as string).href).not.toContain('#');
      }),
      runs(200),
    );
  });

  it('that are scopes can be sent one by one, or are rejected', () => {
    const anyScopes = fc.oneof(fc.array(anyText), anyText, anything, fc.constantFrom<unknown>([1n], ['a b'], [['a']]));
    fc.assert(
      fc.property(anyScopes, fc.constantFrom(' ' as const, ',' as const), (scopes, separator) => {
        let read: readonly string[] = [];
        expectAdvice(
          thrownBy(() => {
            read = readScopes(scopes as Scopes);
          }),
        );
        const error = thrownBy(() => checkScopes('scopes', read, separator));
        expectAdvice(error);
        if (error === undefined) expect(read.join(separator).split(separator)).toEqual(read.length > 0 ? read : ['']);
        expectAdvice(thrownBy(() => checkScopes('scopes', scopes as string[], separator)));
      }),
      runs(200),
    );
  });
});
