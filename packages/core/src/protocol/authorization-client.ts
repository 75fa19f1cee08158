import { ConfigurationError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import type { Secret } from '../kernel/secret.js';
import { type AuthorizationRequest, authorizationUrl } from './authorization-request.js';
import { type Callback, readCallback } from './callback.js';
import { type ClientRequestOptions, clientRequestSender, secretTextsOf } from './client-request.js';
import { areOfDifferentUsers } from './id-token.js';
import { checkNonce, sendsNonce } from './nonce.js';
import { type RevocationReply, type RevocationRequest, revocationEndpoint } from './revocation-endpoint.js';
import { checkProfile } from './server-profile.js';
import { type TokenEndpoint, tokenEndpoint } from './token-endpoint.js';

/** `clientSecrets`: none for a public client; two during a rotation. */
export type AuthorizationClientOptions = ClientRequestOptions;

/**
 * Exchanges the OAuth 2.0 messages of one client with one server. Failures of the server or the network are returned as
 * data. It throws only a `ConfigurationError`, and `readCallback()` an `AuthenticationError`.
 */
export interface AuthorizationClient extends TokenEndpoint {
  /** Resolves to the URL at which a user signs in. */
  authorizationUrl(request: AuthorizationRequest): Promise<string>;
  readCallback(url: string | URL): Callback;
  revoke(request: RevocationRequest): Promise<RevocationReply>;
  /** Returns whether a sign-in with these scopes sends a `nonce`. */
  sendsNonce(scopes: readonly string[]): boolean;
  /** Returns whether revoking the tokens of an earlier sign-in leaves those of a later one valid. */
  revocationSpares(former: IdTokenHolder, later: IdTokenHolder): boolean;
  /** Returns why the tokens are not those of the sign-in that sent this `nonce`; `undefined` if they may be. */
  checkNonce(sent: Secret | undefined, tokens: IdTokenHolder): Failure | undefined;
}

interface IdTokenHolder {
  readonly idToken?: Secret;
}

/** @throws ConfigurationError for an invalid profile or client */
export function authorizationClient(options: AuthorizationClientOptions): AuthorizationClient {
  checkProfile(options.profile);
  checkClient(options);
  const { profile, clientId, clientSecrets } = options;

  const client = { client_id: clientId };
  const confidential = clientSecrets.length > 0;
  const sendClientRequest = clientRequestSender(options);
  return {
    ...tokenEndpoint(profile, client, confidential, sendClientRequest),
    revoke: revocationEndpoint(profile, client, confidential, sendClientRequest),
    authorizationUrl: (request) => authorizationUrl(profile, clientId, request),
    readCallback: (url) => readCallback(profile, secretTextsOf(clientId, clientSecrets), url),
    sendsNonce: (scopes) => sendsNonce(profile, scopes),
    revocationSpares: (former, later) =>
      profile.revocationReach === 'sign_in' || areOfDifferentUsers(former.idToken, later.idToken),
    checkNonce: (sent, { idToken }) => checkNonce(profile, sent, idToken),
  };
}

/** The characters of IDs and secrets (RFC 6749 Appendix A.1 and A.2). */
const VISIBLE = /^[\x20-\x7e]+$/;

function checkClient({ profile, clientId, clientSecrets }: AuthorizationClientOptions): void {
  for (const [option, values] of [
    ['clientId', [clientId]],
    ['clientSecret', clientSecrets.map((secret) => secret.reveal())],
  ] as const) {
    if (values.some((value) => value !== value.trim())) {
      throw new ConfigurationError(
        'invalid_option',
        `${option} begins or ends with a space or a line break, which was probably copied by mistake. Copy it again without it, or trim() it where you read it.`,
      );
    }
    if (!values.every((value) => VISIBLE.test(value))) {
      throw new ConfigurationError(
        'invalid_option',
        `${option} must be printable ASCII, and not empty. Copy it again.`,
      );
    }
  }
  if (profile.basicCredentials === 'raw' && clientId.includes(':')) {
    throw new ConfigurationError(
      'invalid_option',
      "clientId has a colon, which raw HTTP Basic cannot carry (RFC 7617 §2). Set server.basicCredentials to 'form-encoded', or server.clientAuthentication to 'client_secret_post'.",
    );
  }
  const secretsUsed = profile.clientAuthentication !== 'none' || profile.clientCredentialsAuthentication !== undefined;
  if (clientSecrets.length > 0 && !secretsUsed) {
    throw new ConfigurationError(
      'client_secret_unexpected',
      `${profile.name} accepts no clientSecret, as its profile says. Leave it out, or set clientAuthentication in the profile.`,
    );
  }
  if (clientSecrets.length === 0 && profile.pkce === 'none') {
    throw new ConfigurationError(
      'client_secret_missing',
      `${profile.name} without PKCE is for clients that have a clientSecret. Pass it, or register the app with PKCE: legacyFrameio({ pkce: true }).`,
    );
  }
}
