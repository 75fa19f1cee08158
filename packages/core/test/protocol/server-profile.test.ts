import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/kernel/errors.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { type CustomServerOptions, customServer } from '../../src/protocol/custom-server.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import { checkProfile } from '../../src/protocol/server-profile.js';

const OPTIONS: CustomServerOptions = {
  issuer: 'https://login.example.com',
  authorizationEndpoint: 'https://login.example.com/authorize',
  tokenEndpoint: 'https://login.example.com/token',
  clientAuthentication: 'client_secret_basic',
};

function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).message;
  }
  throw new Error('nothing was refused');
}

describe.each([
  ['adobeIms', adobeIms],
  ['legacyFrameio', legacyFrameio],
])('%s()', (name, make) => {
  it.each([
    ['a word', 'stage'],
    ['null', null],
  ])('rejects %s for options', (_name, options) => {
    expect(refusalOf(() => make(options as never))).toBe(`${name}() takes an object of options, or nothing.`);
  });
});

describe('adobeIms()', () => {
  it('is the production server unless told otherwise', () => {
    expect(adobeIms()).toMatchObject({
      issuer: 'https://ims-na1.adobelogin.com',
      authorizationEndpoint: 'https://ims-na1.adobelogin.com/ims/authorize/v2',
      tokenEndpoint: 'https://ims-na1.adobelogin.com/ims/token/v3',
      revocationEndpoint: 'https://ims-na1.adobelogin.com/ims/revoke',
    });
  });

  it('has the same paths on the stage server', () => {
    const { tokenEndpoint } = adobeIms({ environment: 'stage' });
    expect(tokenEndpoint).toBe('https://ims-na1-stg1.adobelogin.com/ims/token/v3');
  });

  it('can be pointed at a server on this machine, which may send users back to plain http', () => {
    const profile = adobeIms({ origin: 'http://127.0.0.1:8080' });
    expect(profile.tokenEndpoint).toBe('http://127.0.0.1:8080/ims/token/v3');
    expect(profile.plainHttpRedirects).toBe(true);
    expect(adobeIms().plainHttpRedirects).toBe(false);
  });

  it('rejects an origin that is more than one', () => {
    expect(refusalOf(() => adobeIms({ origin: 'https://login.example.com/ims' }))).toContain(
      'Pass only the origin: https://login.example.com.',
    );
  });

  it('rejects an environment that does not exist', () => {
    const environment = 'toString' as 'stage';
    expect(refusalOf(() => adobeIms({ environment }))).toContain("'production' or 'stage'");
  });
});

describe('legacyFrameio()', () => {
  it('knows nowhere to revoke a token', () => {
    expect(legacyFrameio()).not.toHaveProperty('revocationEndpoint');
  });

  it('takes either a secret or PKCE, as the app is registered', () => {
    expect(legacyFrameio()).toMatchObject({ clientAuthentication: 'client_secret_basic', pkce: 'none' });
    expect(legacyFrameio({ pkce: true })).toMatchObject({ clientAuthentication: 'none', pkce: 'S256' });
  });
});

describe('customServer()', () => {
  it('is named by the host of its issuer', () => {
    expect(customServer({ ...OPTIONS, issuer: 'https://login.example.com:8443/tenant' }).name).toBe(
      'login.example.com:8443',
    );
  });

  it('keeps to the RFCs in all that is left out', () => {
    expect(customServer(OPTIONS)).toMatchObject({
      clientCredentialsAuthentication: 'client_secret_basic',
      pkce: 'S256',
      scopeSeparator: ' ',
      defaultScopes: { clientCredentials: [], user: [] },
      wrongSecret: [{ error: 'invalid_client' }],
    });
  });

  it('takes an option that is undefined as left out', () => {
    const options = { ...OPTIONS, scopeSeparator: undefined, name: undefined } as unknown as CustomServerOptions;
    expect(customServer(options)).toMatchObject({ scopeSeparator: ' ', name: 'login.example.com' });
  });

  it('offers no client credentials grant where there are no secrets (RFC 6749 §4.4)', () => {
    expect(customServer({ ...OPTIONS, clientAuthentication: 'none' })).not.toHaveProperty(
      'clientCredentialsAuthentication',
    );
  });

  it.each(['http://localhost:9/t', 'http://127.0.0.1/t', 'http://127.8.9.10/t', 'http://127.1/t', 'http://[::1]:9/t'])(
    'allows plain http on this machine: %s',
    (tokenEndpoint) => {
      expect(customServer({ ...OPTIONS, tokenEndpoint }).tokenEndpoint).toBe(tokenEndpoint);
    },
  );

  it.each([
    'http://login.example.com/t',
    'http://localhost.example.com/t',
    'http://127.0.0.1.example.com/t',
    'http://10.0.0.1/t',
    'ftp://localhost/t',
  ])('rejects an address where secrets would travel in clear: %s', (tokenEndpoint) => {
    expect(refusalOf(() => customServer({ ...OPTIONS, tokenEndpoint }))).toContain('tokenEndpoint must be https');
  });

  it.each(['issuer', 'authorizationEndpoint', 'tokenEndpoint', 'revocationEndpoint'] as const)(
    'rejects a user name, a password or a fragment in %s, and does not repeat them (RFC 6749 §3.1)',
    (option) => {
      const withPassword = refusalOf(() => customServer({ ...OPTIONS, [option]: 'https://ada:canary@example.com/' }));
      expect(withPassword).toMatch(new RegExp(`${option} holds a user name or password`));
      expect(withPassword).not.toContain('canary');
      expect(refusalOf(() => customServer({ ...OPTIONS, [option]: 'https://example.com/#' }))).toContain('fragment');
      expect(refusalOf(() => customServer({ ...OPTIONS, [option]: '/token' }))).toContain(`${option} is not a URL`);
    },
  );

  it('rejects an issuer with a query (RFC 8414 §2)', () => {
    expect(refusalOf(() => customServer({ ...OPTIONS, issuer: 'https://example.com/?a=b' }))).toContain('issuer');
  });

  it.each([
    ['clientAuthentication', 'private_key_jwt'],
    ['clientCredentialsAuthentication', 'none'],
    ['scopeSeparator', ';'],
    ['refreshTokenLifetime', 0],
    ['refreshTokenLifetime', Number.NaN],
    ['maxStateLength', 0.5],
    ['name', ''],
    ['debugIdHeader', 'x debug id'],
    ['debugIdHeader', ''],
  ])('rejects a value that %s cannot have, naming the option', (option, value) => {
    expect(refusalOf(() => customServer({ ...OPTIONS, [option]: value }))).toContain(`server.${option} must be`);
  });

  it('rejects default scopes that would come apart or together on the wire (RFC 6749 §3.3)', () => {
    const defaultScopes = { user: ['openid profile'] };
    expect(refusalOf(() => customServer({ ...OPTIONS, defaultScopes }))).toContain('"openid profile"');
  });

  it.each([
    ['text', 'openid', 'server.defaultScopes.user must be an array'],
    ['numbers', [7], 'server.defaultScopes.user holds something, which is not one scope'],
  ])('rejects %s for default scopes', (_name, user, complaint) => {
    const defaultScopes = { user } as never;
    expect(refusalOf(() => customServer({ ...OPTIONS, defaultScopes }))).toContain(complaint);
  });

  it.each([
    ['wrongSecret', {}, 'must list the answers that refuse a client secret'],
    ['wrongSecret', [{}], 'must list the answers that refuse a client secret'],
    ['wrongSecret', [null], 'must list the answers that refuse a client secret'],
    ['wrongSecret', Object.assign([], { length: 1 }), 'must list the answers that refuse a client secret'],
    ['wrongSecret', [{ error: '' }], 'must list the answers that refuse a client secret'],
    ['wrongSecret', [{ status: 200 }], 'must list the answers that refuse a client secret'],
    ['wrongSecret', [{ status: 403, description: 'No.' }], 'must list the answers that refuse a client secret'],
    ['unknownErrors', 'transient', "must be one of 'configuration', 'terminal'"],
    ['bareBadRequest', true, "must be one of 'configuration', 'terminal'"],
    ['basicCredentials', 'plain', "must be one of 'form-encoded', 'raw'"],
    ['nonce', true, "must be one of 'with_openid', 'always', 'never'"],
    ['missingNonce', 'ignored', "must be one of 'rejected', 'accepted'"],
    ['userAction', { errorPrefix: 'ride_' }, 'must hold an errorPrefix and an addressField'],
    ['userAction', null, 'must hold an errorPrefix and an addressField'],
    ['errorKinds', { server_busy: 'ambiguous' }, "must map the server's words to 'terminal', 'transient' or"],
    ['errorKinds', 'transient', "must map the server's words"],
  ])('rejects words in %s by which no response could be known: %j', (option, value, complaint) => {
    expect(refusalOf(() => customServer({ ...OPTIONS, [option]: value }))).toContain(`server.${option} ${complaint}`);
  });
});

describe('two options that claim one answer', () => {
  it.each<[string, Partial<CustomServerOptions>, string]>([
    [
      'wrongSecret and errorKinds',
      { errorKinds: { invalid_client: 'terminal' } },
      'server.errorKinds has "invalid_client", which wrongSecret lists too',
    ],
    [
      'wrongSecret and bareBadRequest',
      { wrongSecret: [{ status: 400 }], bareBadRequest: 'terminal' },
      "server.bareBadRequest is 'terminal', and wrongSecret lists the status 400 too",
    ],
    [
      'userAction and errorKinds',
      { userAction: { errorPrefix: 'act_', addressField: 'where' }, errorKinds: { act_later: 'transient' } },
      'server.userAction has the errorPrefix "act_", with which "act_later" begins',
    ],
    [
      'userAction and wrongSecret',
      { userAction: { errorPrefix: 'bad_', addressField: 'where' }, wrongSecret: [{ error: 'bad_client' }] },
      'server.userAction has the errorPrefix "bad_", with which "bad_client" begins',
    ],
    [
      'userAction and a word of OAuth',
      { userAction: { errorPrefix: 'invalid_', addressField: 'where' } },
      'server.userAction has the errorPrefix "invalid_"',
    ],
  ])('is a mistake that names the option: %s', (_name, options, complaint) => {
    expect(refusalOf(() => customServer({ ...OPTIONS, ...options }))).toContain(complaint);
  });

  it('is none where one of them is more precise', () => {
    const wrongSecret = [{ error: 'invalid_request', description: 'Bad client credentials' }, { status: 403 }];
    const profile = customServer({ ...OPTIONS, wrongSecret, errorKinds: { invalid_request: 'terminal' } });
    expect(profile).toMatchObject({ wrongSecret });
  });
});

describe('parameters of a profile', () => {
  it.each([
    ['tokenParameters', 'refresh_token'],
    ['tokenParameters', 'scope'],
    ['tokenParameters', 'client_secret'],
    ['authorizationParameters', 'state'],
    ['authorizationParameters', 'nonce'],
    ['authorizationParameters', 'request_uri'],
  ] as const)('are rejected in %s when the request has them anyway: %s', (option, name) => {
    const refusal = refusalOf(() => customServer({ ...OPTIONS, [option]: { [name]: 'canary' } }));
    expect(refusal).toContain(`server.${option} must not have "${name}", which is reserved`);
    expect(refusal).not.toContain('canary');
  });

  it.each([
    ['a text', 'audience=x', 'must be an object'],
    ['a list', [], 'must be an object'],
    ['null', null, 'must be an object'],
    ['a number', { audience: 7 }, 'has a "audience" that is neither a string nor a list of strings'],
    ['an empty list', { resource: [] }, 'has a "resource" that is neither'],
    ['no name', { '': 'x' }, 'has a parameter without a name'],
  ])('are rejected if they cannot be sent: %s', (_name, tokenParameters, complaint) => {
    const options = { ...OPTIONS, tokenParameters } as CustomServerOptions;
    expect(refusalOf(() => customServer(options))).toContain(`server.tokenParameters ${complaint}`);
  });
});

describe('checkProfile()', () => {
  it('rejects a server where neither a secret nor PKCE protects the code', () => {
    const profile = { ...legacyFrameio(), clientAuthentication: 'none' } as const;
    expect(refusalOf(() => checkProfile(profile))).toContain("Set pkce to 'S256'");
  });
});
