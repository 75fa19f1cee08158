import * as oauth from 'oauth4webapi';
import { ConfigurationError } from '../kernel/errors.js';
import type { Secret } from '../kernel/secret.js';
import { checkRedirectUri } from './redirect-uri.js';
import {
  AUTHORIZATION_PARAMETERS,
  addParameters,
  checkParameters,
  type RequestParameters,
} from './request-parameters.js';
import { joinScopes } from './scope.js';
import type { ServerProfile } from './server-profile.js';

/** The longest `state` if the server documents no limit, in characters: much longer URLs do not always arrive. */
const LONGEST_STATE = 4096;

export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** Returned in the callback, which it binds to this request. */
  readonly state: string;
  /** Sent only to the token endpoint; the URL holds its hash (RFC 7636 §4.2). */
  readonly codeVerifier: Secret;
  /** `login`, `none` or others (OpenID Connect Core §3.1.2.1). */
  readonly prompt?: string;
  /** The user who is expected to sign in, usually an e-mail address. */
  readonly loginHint?: string;
  /** Returned in the ID token, which it binds to this request (OpenID Connect Core §3.1.2.1). */
  readonly nonce?: Secret;
  /** The application's parameters, in addition to the profile's. */
  readonly parameters?: RequestParameters;
}

/**
 * Returns the URL at which a user signs in (RFC 6749 §4.1.1, RFC 7636 §4.3).
 *
 * @throws ConfigurationError for a server without one, and for a redirect URI, a scope or a `state` that it would
 * reject
 */
export async function authorizationUrl(
  profile: ServerProfile,
  clientId: string,
  { redirectUri, scopes, state, codeVerifier, prompt, loginHint, nonce, parameters: own }: AuthorizationRequest,
): Promise<string> {
  if (profile.authorizationEndpoint === undefined) {
    throw new ConfigurationError(
      'authorization_endpoint_missing',
      `${profile.name} has no authorizationEndpoint, so no user can sign in there. Add it to the server's profile.`,
    );
  }
  checkRedirectUri(profile, redirectUri);
  checkParameters('parameters', own, AUTHORIZATION_PARAMETERS);
  const { maxStateLength = LONGEST_STATE } = profile;
  if (state.length > maxStateLength) {
    throw new ConfigurationError(
      'invalid_option',
      `state has ${state.length} characters, but ${profile.name} accepts at most ${maxStateLength}. Store the long value yourself, and send a short random state for it.`,
    );
  }

  // Keep the endpoint's own query, if it has one (RFC 6749 §3.1).
  const url = new URL(profile.authorizationEndpoint);
  addParameters(url.searchParams, profile.authorizationParameters);
  addParameters(url.searchParams, own);
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.length > 0 ? joinScopes(scopes, profile.scopeSeparator) : undefined,
    state,
    ...(profile.pkce === 'S256' && {
      code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier.reveal()),
      code_challenge_method: 'S256',
    }),
    prompt,
    login_hint: loginHint,
    nonce: nonce?.reveal(),
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}
