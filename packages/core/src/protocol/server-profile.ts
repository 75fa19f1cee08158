import { ConfigurationError } from '../kernel/errors.js';
import type { FailureKind } from '../kernel/failure.js';
import type { BasicEncoding } from './client-authentication.js';
import {
  AUTHORIZATION_PARAMETERS,
  checkParameters,
  type RequestParameters,
  TOKEN_PARAMETERS,
} from './request-parameters.js';
import { checkResponsePatterns, isText } from './response-patterns.js';
import { checkScopes, type ScopeSeparator } from './scope.js';
import { checkAddress } from './web-address.js';

/**
 * How a client authenticates (RFC 6749 §2.3.1, names of RFC 7591 §2): with its secret in the `Authorization` header,
 * with its secret in the body, or not at all.
 */
export type ClientAuthentication = 'client_secret_basic' | 'client_secret_post' | 'none';

/**
 * Describes an authorization server as plain data. {@link adobeIms}, {@link legacyFrameio} and {@link customServer}
 * make one; to change a field, spread it: `{ ...legacyFrameio(), revocationEndpoint }`.
 *
 * Addresses are https, or plain http on this machine.
 */
export interface ServerProfile {
  /** The server's name in messages and snapshots: `adobe-ims`, `legacy-frameio`, or the issuer's host. */
  readonly name: string;
  /** The server's identifier. A callback that names another issuer is rejected (RFC 9207 §2.4). */
  readonly issuer: string;
  /** Where users sign in; absent if no user signs in there. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint: string;
  /** Where tokens are revoked (RFC 7009); absent if the server has no such endpoint. */
  readonly revocationEndpoint?: string;

  /** How a client with a secret authenticates in user sign-ins. `none`: the server accepts no secret. */
  readonly clientAuthentication: ClientAuthentication;
  /** The same for the client credentials grant (RFC 6749 §4.4); absent if the server does not offer that grant. */
  readonly clientCredentialsAuthentication?: Exclude<ClientAuthentication, 'none'>;
  /**
   * How HTTP Basic encodes the client ID and the secret: form-encoded, as RFC 6749 §2.3.1 requires, or `raw`, for the
   * many servers that do not decode. The two differ only in characters other than letters, digits and `-_.*`. Default:
   * `form-encoded`.
   */
  readonly basicCredentials?: BasicEncoding;
  /**
   * `S256` everywhere, for confidential clients too (RFC 9700 §2.1.1). `none` is for a server with
   * confidential clients that are registered without PKCE; it then accepts only clients with a secret.
   */
  readonly pkce: 'S256' | 'none';

  readonly scopeSeparator: ScopeSeparator;
  /** The scopes to request when the application names none. */
  readonly defaultScopes: { readonly clientCredentials: readonly string[]; readonly user: readonly string[] };
  /** The lifetime of a refresh token in seconds, as the provider documents it; absent if it is not documented. */
  readonly refreshTokenLifetime?: number;
  /**
   * The longest `state` that the server returns unchanged, in characters. Default: 4096, also if the server documents
   * no limit.
   */
  readonly maxStateLength?: number;

  /** Whether redirect URIs may be plain http on this machine (RFC 8252 §7.3), or must be https. */
  readonly plainHttpRedirects: boolean;
  /** Whether every callback names the issuer, so that one without it is rejected (RFC 9207 §2.3). */
  readonly callbackCarriesIssuer: boolean;
  /** Whether the request that exchanges the code carries `state` and `scope`; RFC 6749 §4.1.3 has neither. */
  readonly codeRequestCarriesStateAndScope: boolean;
  /** Whether a refresh names the scopes. By RFC 6749 §6 they may be omitted, which means the granted ones. */
  readonly refreshCarriesScope: boolean;
  /** Where a public client sends its `client_id` in a revocation; RFC 7009 §2.1 requires the body. */
  readonly revocationClientId: 'body' | 'query';
  /** Whether a revocation names the type of the token (`token_type_hint`, RFC 7009 §2.1). */
  readonly revocationTokenTypeHint: boolean;
  /**
   * What a revocation ends: the tokens of one `sign_in`, or all tokens that the `user` has from this client, including
   * those of later sign-ins. A sign-in that replaces another one revokes the replaced tokens. With `user` it does so
   * only if they belong to another user, by the ID tokens. Default: `user`, the cautious reading.
   */
  readonly revocationReach?: 'sign_in' | 'user';

  /**
   * Parameters that this server requires in each authorization request, such as `audience`. Parameters that the request
   * already has are rejected. A call may add its own: `getAuthorizationUrl({ parameters })`.
   */
  readonly authorizationParameters?: RequestParameters;
  /**
   * Parameters that this server requires in each token request, such as `audience`, `provider`, or `resource` (RFC
   * 8707). Parameters that the request already has are rejected.
   */
  readonly tokenParameters?: RequestParameters;
  /**
   * When a sign-in sends a new `nonce` (OpenID Connect Core §3.1.2.1): if `openid` is among its scopes, always, or
   * never. The ID token of the sign-in must then repeat it (§3.1.3.7). Default: `with_openid`.
   */
  readonly nonce?: 'with_openid' | 'always' | 'never';
  /**
   * What to do with an ID token without a `nonce` when one was sent: reject it, as OpenID Connect Core §3.1.3.7
   * requires, or accept it, for servers that are not known to repeat it. A different `nonce` is always rejected.
   * Default: `refused`.
   */
  readonly missingNonce?: 'rejected' | 'accepted';

  /**
   * The responses that mean "wrong client secret". The next secret is tried, if there is one, and no session ends. A
   * 401 without an `error` means this at every server.
   */
  readonly wrongSecret: readonly ErrorPattern[];
  /** The errors by which the server requires the user to act before it issues tokens. */
  readonly userAction?: UserAction;
  /**
   * What the server's own `error` values mean, if RFC 6749 §5.2 does not define them or the server uses them
   * differently.
   */
  readonly errorKinds: Readonly<Record<string, Exclude<FailureKind, 'ambiguous'>>>;
  /**
   * What an `error` means that neither RFC 6749 §5.2 nor `errorKinds` defines. `terminal`: it rejects the credential,
   * so in response to a refresh it ends the session. Default: `configuration`, which ends nothing.
   */
  readonly unknownErrors?: 'configuration' | 'terminal';
  /**
   * What a 400 without an `error` means. `terminal`: the session ends; for a server that sends it for a dead refresh
   * token only. Default: `configuration`, which ends nothing.
   */
  readonly bareBadRequest?: 'configuration' | 'terminal';
  /** The response header with the server's ID of its response, which its support asks for. */
  readonly debugIdHeader?: string;
}

/**
 * A pattern that a response is compared with; each given field must match exactly. A `status` alone matches only
 * responses without an `error`.
 */
export type ErrorPattern =
  | { readonly error: string; readonly description?: string; readonly status?: number }
  | { readonly error?: undefined; readonly description?: undefined; readonly status: number };

export interface UserAction {
  /** The prefix of the `error`. */
  readonly errorPrefix: string;
  /** The member of the response that holds the address where the user can act. */
  readonly addressField: string;
}

/** @throws ConfigurationError for options that are not an object */
export function checkOptions(maker: string, options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw new ConfigurationError('invalid_option', `${maker}() takes an object of options, or nothing.`);
}

/**
 * Checks a profile and returns it.
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
  oneOf(profile, 'missingNonce', ['rejected', 'accepted', undefined]);
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
  checkResponsePatterns(profile);
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
