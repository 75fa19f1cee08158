import { ConfigurationError } from '../kernel/errors.js';
import { checkParameters, type RequestParameters, TOKEN_PARAMETERS } from '../protocol/request-parameters.js';
import type { Scopes } from './scopes.js';

export interface AuthorizationUrlOptions {
  /**
   * A value of your own that comes back in the callback. It must be new for each sign-in and unguessable, because it is
   * what a forged callback lacks (RFC 6749 §10.12). Default: 32 random bytes.
   */
  readonly state?: string;
  /** The scopes to request. Default: those of the auth object. */
  readonly scopes?: Scopes;
  /** `login` makes the user sign in again; `none` shows no page (OpenID Connect Core §3.1.2.1). */
  readonly prompt?: string;
  /** The user who is expected to sign in, usually an e-mail address. */
  readonly loginHint?: string;
  /**
   * More parameters of the authorization request, such as `{ audience: 'https://api.example.com' }`. They are merged
   * over the profile's `authorizationParameters`. Parameters that the request already has are rejected.
   */
  readonly parameters?: RequestParameters;
}

export interface CallbackOptions {
  /**
   * More parameters of the request that exchanges the code, such as `resource` (RFC 8707). They are merged over the
   * profile's `tokenParameters`. Parameters that the request already has are rejected.
   */
  readonly parameters?: RequestParameters;
  /**
   * Whether a repeated callback succeeds. Browsers send a callback again when the user reloads, clicks twice or goes
   * back. A repeated callback resolves to the session that it signed in, on any instance, and waits while that sign-in
   * is in progress.
   *
   * Only the same callback is accepted: its code is compared. On a session, it must also belong to a sign-in of that
   * session. If that sign-in failed, or the session has no tokens any more, the call still rejects with `state_used`.
   *
   * Set it only if you have verified that the callback comes from the browser that began the sign-in. Verify it by
   * something that is not in the callback's address, because logs and histories keep addresses. Default: `false`.
   */
  readonly allowRepeat?: boolean;
}

export interface AuthorizationUrl {
  /** The address to redirect the user to. */
  readonly url: string;
  /**
   * Bind it to the user's browser, so that only that browser can complete the sign-in. Keep it in an encrypted cookie,
   * in a server-side session, or as the hash of a secret in a cookie. A cookie that holds the plain state can be forged
   * from the callback's address (RFC 9700 §2.1.1).
   */
  readonly state: string;
  /**
   * A secret. It is also stored with the pending sign-in; only an application that calls `exchangeCode()` elsewhere
   * needs it.
   */
  readonly codeVerifier: string;
  /** The nonce that the ID token must repeat, if one was sent. A secret, stored and needed as `codeVerifier` is. */
  readonly nonce?: string;
}

export interface CodeExchange extends Pick<CallbackOptions, 'parameters'> {
  readonly code: string;
  /**
   * Default: the verifier of the sign-in that `state` names, or else of the last one that this session began in this
   * process.
   */
  readonly codeVerifier?: string;
  /** If given, it is checked against the pending sign-ins and consumed. */
  readonly state?: string;
  /**
   * The nonce that the ID token must repeat. Default: that of the sign-in that `state` names; if there is none, the
   * nonce is not checked.
   */
  readonly nonce?: string | undefined;
}

/**
 * Checks the parameters before the state and the code are consumed: both work only once.
 *
 * @throws ConfigurationError for a parameter that is reserved or cannot be sent
 */
export function checkCallbackOptions(options: CallbackOptions): void {
  checkTokenParameters(options);
  if (options.allowRepeat !== undefined && typeof options.allowRepeat !== 'boolean') {
    throw new ConfigurationError('invalid_option', 'allowRepeat must be true or false. Leave it out for false.');
  }
}

/** @throws ConfigurationError for a parameter that is reserved or cannot be sent */
export function checkTokenParameters(options: Pick<CallbackOptions, 'parameters'>): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('invalid_option', 'handleCallback() takes an address and an object of options.');
  }
  checkParameters('parameters', options.parameters, TOKEN_PARAMETERS);
}
