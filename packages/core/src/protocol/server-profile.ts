import { ConfigurationError } from '../kernel/errors.js';
import type { FailureKind } from '../kernel/failure.js';
import type { BasicEncoding } from './client-authentication.js';
import {
  AUTHORIZATION_PARAMETERS,
  checkParameters,
  type RequestParameters,
  TOKEN_PARAMETERS,
} from './request-parameters.js';
import { checkScopes, type ScopeSeparator } from './scope.js';
import { checkWords, isText } from './server-words.js';
import { checkAddress } from './web-address.js';

/**
 * How a client proves who it is (RFC 6749 §2.3.1, names of RFC 7591 §2): its secret in the `Authorization` header,
 * its secret in the body, or not at all.
 */
export type ClientAuthentication = 'client_secret_basic' | 'client_secret_post' | 'none';

/**
 * What is particular to an authorization server, as plain data. {@link adobeIms}, {@link legacyFrameio} and
 * {@link customServer} make one; to change a line of it, spread it: `{ ...legacyFrameio(), revocationEndpoint }`.
 *
 * Addresses are https, or plain http on this machine.
 */
export interface ServerProfile {
  /** What the server is called in messages and snapshots: `adobe-ims`, `legacy-frameio`, or the issuer's host. */
  readonly name: string;
  /** The server's identifier; a callback that names another one is refused (RFC 9207 §2.4). */
  readonly issuer: string;
  /** Where users sign in; absent when none do. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint: string;
  /** Where tokens are revoked (RFC 7009); absent when the server has no such place. */
  readonly revocationEndpoint?: string;

  /** How a client that has a secret authenticates when users sign in. `none`: the server takes no secret. */
  readonly clientAuthentication: ClientAuthentication;
  /** The same for the client credentials grant (RFC 6749 §4.4); absent when the server does not offer that grant. */
  readonly clientCredentialsAuthentication?: Exclude<ClientAuthentication, 'none'>;
  /**
   * How HTTP Basic spells the client ID and the secret: form-encoded, as RFC 6749 §2.3.1 demands, or `raw`, for the many
   * servers that do not decode. The two differ only for characters other than letters, digits and `-_.*`.
   * Default: `form-encoded`.
   */
  readonly basicCredentials?: BasicEncoding;
  /**
   * `S256` everywhere, for confidential clients too (RFC 9700 §2.1.1). `none` is for a server whose confidential
   * clients are registered without PKCE; it then takes clients with a secret alone.
   */
  readonly pkce: 'S256' | 'none';

  readonly scopeSeparator: ScopeSeparator;
  /** The scopes that are asked for when the application names none. */
  readonly defaultScopes: { readonly clientCredentials: readonly string[]; readonly user: readonly string[] };
  /** How long a refresh token lives, in seconds, as the provider documents it; absent when it does not say. */
  readonly refreshTokenLifetime?: number;
  /** The longest `state` that the server hands back whole, in characters. Default: 4096, also when it names no limit. */
  readonly maxStateLength?: number;

  /** Whether users may be sent back to plain http on this machine (RFC 8252 §7.3), or to https addresses only. */
  readonly plainHttpRedirects: boolean;
  /** Whether every callback names the issuer, so that one without is refused (RFC 9207 §2.3). */
  readonly callbackCarriesIssuer: boolean;
  /** Whether the code is exchanged with `state` and `scope` in the request, where RFC 6749 §4.1.3 has neither. */
  readonly codeRequestCarriesStateAndScope: boolean;
  /** Whether a refresh names the scopes. Where RFC 6749 §6 is kept they may be left out, and mean the granted ones. */
  readonly refreshCarriesScope: boolean;
  /** Where a public client puts its `client_id` when it revokes; RFC 7009 §2.1 has the body. */
  readonly revocationClientId: 'body' | 'query';
  /** Whether a revocation says what kind of token it is about (`token_type_hint`, RFC 7009 §2.1). */
  readonly revocationTokenTypeHint: boolean;
  /**
   * What a revocation ends: the tokens of one `sign_in`, or all that the `user` has from this client, those of a later
   * sign-in too. A sign-in that replaces another one revokes the replaced tokens; with `user`, only if they are another
   * user's, by the id tokens. Default: `user`, the careful reading.
   */
  readonly revocationReach?: 'sign_in' | 'user';

  /**
   * Parameters that this server wants in each authorization request, such as `audience`. Those that the request has
   * anyway are refused. A call may add its own: `getAuthorizationUrl({ parameters })`.
   */
  readonly authorizationParameters?: RequestParameters;
  /**
   * Parameters that this server wants in each token request, such as `audience`, `provider`, or `resource` (RFC 8707).
   * Those that the request has anyway are refused.
   */
  readonly tokenParameters?: RequestParameters;
  /**
   * When a sign-in sends a `nonce` (OpenID Connect Core §3.1.2.1), new each time: when `openid` is among its scopes, or
   * always, or never. The id token of the sign-in must then repeat it (§3.1.3.7). Default: `with_openid`.
   */
  readonly nonce?: 'with_openid' | 'always' | 'never';
  /**
   * What an id token without a `nonce` means where one was sent: it is refused, as OpenID Connect Core §3.1.3.7 demands,
   * or accepted, for servers that are not known to repeat it. Another `nonce` is always refused. Default: `refused`.
   */
  readonly missingNonce?: 'refused' | 'accepted';

  /**
   * The answers that mean "not this client secret": the next one is tried, if there is one, and no session ends. A 401
   * without an `error` means that at every server.
   */
  readonly wrongSecret: readonly ErrorPattern[];
  /** The refusals by which the server demands that the user act before it issues tokens. */
  readonly userAction?: UserAction;
  /** What the server's own `error` words mean, where RFC 6749 §5.2 does not say it or the server means another thing. */
  readonly errorKinds: Readonly<Record<string, Exclude<FailureKind, 'ambiguous'>>>;
  /**
   * What an `error` means that neither RFC 6749 §5.2 nor `errorKinds` knows. With `terminal` it refuses the credential, so
   * it ends the session of the refresh token that it answers. Default: `configuration`, which ends nothing.
   */
  readonly unknownErrors?: 'configuration' | 'terminal';
  /**
   * What a 400 without an `error` means. `terminal`, for a server that answers so to a dead refresh token and to nothing
   * else: the session ends. Default: `configuration`, which ends nothing.
   */
  readonly bareBadRequest?: 'configuration' | 'terminal';
  /** The response header with the server's name for its answer, which its support asks for. */
  readonly debugIdHeader?: string;
}

/**
 * What an answer is compared with; whatever is given must match to the letter. A `status` alone matches only answers
 * without an `error`.
 */
export type ErrorPattern =
  | { readonly error: string; readonly description?: string; readonly status?: number }
  | { readonly error?: undefined; readonly description?: undefined; readonly status: number };

export interface UserAction {
  /** How the `error` begins. */
  readonly errorPrefix: string;
  /** The member of the answer that holds the address where the user can act. */
  readonly addressField: string;
}

/** @throws ConfigurationError for options that are no object */
export function checkOptions(maker: string, options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw new ConfigurationError('invalid_option', `${maker}() takes an object of options, or nothing.`);
}

/**
 * Checks a profile, whoever wrote it, and hands it back.
 *
 * @throws ConfigurationError that names the option and what to do
 */
export function checkProfile(profile: ServerProfile): ServerProfile {
  if (!isText(profile.name)) refuse('name', 'must be what the server is called in messages.');
  const issuer = checkAddress('server.issuer', profile.issuer);
  if (issuer.search !== '') refuse('issuer', 'has a query. Take it out (RFC 8414 §2).');
  checkAddress('server.tokenEndpoint', profile.tokenEndpoint);
  if (profile.authorizationEndpoint !== undefined) {
    checkAddress('server.authorizationEndpoint', profile.authorizationEndpoint);
  }
  if (profile.revocationEndpoint !== undefined) checkAddress('server.revocationEndpoint', profile.revocationEndpoint);

  oneOf(profile, 'clientAuthentication', ['client_secret_basic', 'client_secret_post', 'none']);
  oneOf(profile, 'clientCredentialsAuthentication', ['client_secret_basic', 'client_secret_post', undefined]);
  oneOf(profile, 'pkce', ['S256', 'none']);
  oneOf(profile, 'scopeSeparator', [' ', ',']);
  oneOf(profile, 'revocationClientId', ['body', 'query']);
  oneOf(profile, 'revocationReach', ['sign_in', 'user', undefined]);
  oneOf(profile, 'basicCredentials', ['form-encoded', 'raw', undefined]);
  oneOf(profile, 'nonce', ['with_openid', 'always', 'never', undefined]);
  oneOf(profile, 'missingNonce', ['refused', 'accepted', undefined]);
  oneOf(profile, 'unknownErrors', ['configuration', 'terminal', undefined]);
  oneOf(profile, 'bareBadRequest', ['configuration', 'terminal', undefined]);
  if (profile.pkce === 'none' && profile.clientAuthentication === 'none') {
    refuse('pkce', "is 'none' and clientAuthentication too: nothing would protect the code. Set pkce to 'S256'.");
  }

  for (const use of ['clientCredentials', 'user'] as const) {
    checkScopes(`server.defaultScopes.${use}`, profile.defaultScopes?.[use], profile.scopeSeparator);
  }
  for (const option of ['refreshTokenLifetime', 'maxStateLength'] as const) {
    const value = profile[option];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      refuse(option, 'must be a whole number above 0; leave it out when it is not known.');
    }
  }
  checkParameters('server.authorizationParameters', profile.authorizationParameters, AUTHORIZATION_PARAMETERS);
  checkParameters('server.tokenParameters', profile.tokenParameters, TOKEN_PARAMETERS);
  checkWords(profile);
  return profile;
}

function oneOf<Option extends keyof ServerProfile>(
  profile: ServerProfile,
  option: Option,
  values: readonly ServerProfile[Option][],
): void {
  if (values.includes(profile[option])) return;
  const allowed = values.filter((value) => value !== undefined).map((value) => `'${String(value)}'`);
  refuse(option, `must be one of ${allowed.join(', ')}.`);
}

function refuse(option: keyof ServerProfile, complaint: string): never {
  throw new ConfigurationError('invalid_option', `server.${option} ${complaint}`);
}
