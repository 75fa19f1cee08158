import { type Entropy, randomText } from '../kernel/entropy.js';
import { AuthenticationError, ConfigurationError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { Secret } from '../kernel/secret.js';
import type { AuthorizationClient } from '../protocol/authorization-client.js';
import { checkReturn } from '../protocol/callback.js';
import { checkParameters, type RequestParameters, TOKEN_PARAMETERS } from '../protocol/request-parameters.js';
import { ignoreErrors } from './calls.js';
import type { PendingAuthorization, PendingAuthorizations } from './pending-authorizations.js';
import { readScopes, type Scopes } from './scopes.js';
import { type SessionDependencies, TokenSession } from './token-session.js';

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

/** What all sign-ins of one auth object share. */
export interface SignIn {
  readonly client: AuthorizationClient;
  readonly pending: PendingAuthorizations;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly entropy: Entropy;
}

/** The sessions that a callback may sign in. */
interface CallbackSessions<Session> {
  /** The only session that is allowed, if there is just one. */
  readonly sessionKey?: string;
  prepare(sessionKey: string): Promise<void>;
  /** Runs `work` with the session and resolves to the session. */
  use(sessionKey: string, work: (session: UserSession) => Promise<void>): Promise<Session>;
}

/** The session of a user who signs in with a browser. */
export class UserSession extends TokenSession {
  readonly #signIn: SignIn;
  #lastState: string | undefined;

  constructor(
    key: string,
    storageKey: string,
    dependencies: SessionDependencies,
    onClosed: () => void,
    signIn: SignIn,
  ) {
    super(key, storageKey, dependencies, onClosed);
    this.#signIn = signIn;
  }

  /**
   * Begins a sign-in and resolves to the address to redirect the user to. The request uses PKCE (RFC 7636, S256). The
   * pending sign-in is kept in the storage for ten minutes, so that any instance can complete it.
   *
   * @throws ConfigurationError for options that the server would reject, StorageError
   */
  async getAuthorizationUrl(options: AuthorizationUrlOptions = {}): Promise<AuthorizationUrl> {
    this.assertOpen();
    const { client, pending, redirectUri, entropy } = this.#signIn;
    if (typeof options !== 'object' || options === null) {
      throw new ConfigurationError('invalid_option', 'getAuthorizationUrl() takes an object of options, or nothing.');
    }
    const { prompt, loginHint, parameters } = options;
    const state = options.state ?? randomText(entropy, 32);
    if (typeof state !== 'string' || state === '') {
      throw new ConfigurationError(
        'invalid_option',
        'state must be a string and not empty. Leave it out for a random one.',
      );
    }
    const scopes = options.scopes === undefined ? this.#signIn.scopes : readScopes(options.scopes);
    const codeVerifier = new Secret(randomText(entropy, 32));
    const nonce = client.sendsNonce(scopes) ? new Secret(randomText(entropy, 16)) : undefined;
    const url = await client.authorizationUrl({
      redirectUri,
      scopes,
      state,
      codeVerifier,
      ...(prompt !== undefined && { prompt }),
      ...(loginHint !== undefined && { loginHint }),
      ...(nonce && { nonce }),
      ...(parameters !== undefined && { parameters }),
    });
    await this.prepare();
    await pending.begin(state, { sessionKey: this.key, redirectUri, scopes, codeVerifier, ...(nonce && { nonce }) });
    await this.note('authorization.started');
    this.#lastState = state;
    return { url, state, codeVerifier: codeVerifier.reveal(), ...(nonce && { nonce: nonce.reveal() }) };
  }

  /**
   * Completes a sign-in that this session began, from the address that the server redirected the user to. An invalid
   * callback leaves the session unchanged.
   *
   * @throws AuthenticationError for a callback that is forged, expired, already used or of another session, and for a
   * sign-in that the user or the server declined; TransportError, ProtocolError, RateLimitError, ConfigurationError and
   * StorageError when the code cannot be exchanged
   */
  async handleCallback(url: string | URL, options: CallbackOptions = {}): Promise<this> {
    this.assertOpen();
    checkCallbackOptions(options);
    return UserSession.completeCallback(this.#signIn, url, options, {
      sessionKey: this.key,
      prepare: () => this.prepare(),
      use: async (_key, work) => {
        await work(this);
        return this;
      },
    });
  }

  /**
   * Exchanges a code for tokens (RFC 6749 §4.1.3), for applications that parse the callback themselves. Prefer
   * `handleCallback()`, which also checks `state`, issuer and errors.
   *
   * @throws the same errors as `handleCallback()`
   */
  async exchangeCode(exchange: CodeExchange): Promise<void> {
    this.assertOpen();
    // In JavaScript the argument may be missing; the error below is then about the code.
    const { code, codeVerifier, state, nonce } = exchange ?? {};
    const { pending, redirectUri, scopes } = this.#signIn;
    for (const [name, value] of Object.entries({ code, codeVerifier, nonce })) {
      if ((value === undefined && name !== 'code') || (typeof value === 'string' && value !== '')) continue;
      throw new ConfigurationError('invalid_option', `exchangeCode() needs a ${name} that is a string and not empty.`);
    }
    checkTokenParameters(exchange);
    const known = state ?? (codeVerifier === undefined ? this.#lastState : undefined);
    if (known === undefined && codeVerifier === undefined) {
      const message =
        'This session began no sign-in in this process. Give the state of the sign-in, or its codeVerifier, or use handleCallback().';
      throw new AuthenticationError('state_unknown', message, { errorDescription: message });
    }
    const begun =
      known === undefined
        ? undefined
        : await pending.take(known, { sessionKey: this.key, ready: () => this.prepare() });
    await this.exchange({
      code: new Secret(code),
      codeVerifier:
        codeVerifier === undefined ? (begun as PendingAuthorization).codeVerifier : new Secret(codeVerifier),
      redirectUri: begun?.redirectUri ?? redirectUri,
      scopes: begun?.scopes ?? scopes,
      ...(known !== undefined && { state: known }),
      ...nonceOf(nonce === undefined ? begun : { nonce: new Secret(nonce) }),
      ...parametersOf(exchange),
    });
  }

  /** Refreshes a session that would soon end unused. Internal: for the auth object. */
  static keepAlive(session: UserSession): Promise<Failure | null> {
    return session.keepAlive();
  }

  /** Prepares a session for the completion of its sign-in. Internal: for the auth object. */
  static prepare(session: UserSession): Promise<void> {
    return session.prepare();
  }

  /** Completes the sign-in that a callback belongs to. Internal: for the auth object. */
  static async completeCallback<Session>(
    { client, pending }: SignIn,
    url: string | URL,
    options: CallbackOptions,
    { sessionKey, prepare, use }: CallbackSessions<Session>,
  ): Promise<Session> {
    const { allowRepeat = false } = options;
    const callback = client.readCallback(url);
    const { state, outcome } = callback;
    let begun: PendingAuthorization;
    try {
      begun = await pending.take(state, {
        ...(sessionKey !== undefined && { sessionKey }),
        ready: (found) => {
          checkReturn(callback, found.redirectUri);
          return prepare(found.sessionKey);
        },
        willSettle: allowRepeat,
      });
    } catch (error) {
      if (!allowRepeat || !(error instanceof AuthenticationError) || error.code !== 'state_used') throw error;
      if (!outcome.ok) throw outcome.error;
      const proof = { code: outcome.code, ...(sessionKey !== undefined && { sessionKey }) };
      return use(await pending.completed(state, proof), async (session) => {
        await session.prepare();
        if (!session.isAuthenticated) throw error;
      });
    }
    return use(begun.sessionKey, async (session) => {
      let completed: Parameters<PendingAuthorizations['settle']>[1];
      try {
        await UserSession.#complete(session, callback, begun, options);
        if (outcome.ok) completed = { sessionKey: begun.sessionKey, code: outcome.code };
      } finally {
        if (allowRepeat) ignoreErrors(() => pending.settle(state, completed));
      }
    });
  }

  static async #complete(
    session: UserSession,
    { state, outcome }: ReturnType<AuthorizationClient['readCallback']>,
    begun: PendingAuthorization,
    options: CallbackOptions,
  ): Promise<void> {
    if (!outcome.ok) {
      await session.note('authorization.denied');
      throw outcome.error;
    }
    const { redirectUri, scopes, codeVerifier } = begun;
    await session.exchange({
      code: outcome.code,
      codeVerifier,
      redirectUri,
      scopes,
      state,
      ...nonceOf(begun),
      ...parametersOf(options),
    });
  }
}

function nonceOf(begun: { readonly nonce?: Secret } | undefined): Pick<PendingAuthorization, 'nonce'> {
  return begun?.nonce === undefined ? {} : { nonce: begun.nonce };
}

function parametersOf({ parameters }: CallbackOptions): Pick<CallbackOptions, 'parameters'> {
  return parameters === undefined ? {} : { parameters };
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
function checkTokenParameters(options: Pick<CallbackOptions, 'parameters'>): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('invalid_option', 'handleCallback() takes an address and an object of options.');
  }
  checkParameters('parameters', options.parameters, TOKEN_PARAMETERS);
}
