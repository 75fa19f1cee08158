import { type Entropy, randomText } from '../kernel/entropy.js';
import { AuthenticationError, ConfigurationError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { Secret } from '../kernel/secret.js';
import type { AuthorizationClient } from '../protocol/authorization-client.js';
import { checkReturn } from '../protocol/callback.js';
import { checkParameters, type RequestParameters, TOKEN_PARAMETERS } from '../protocol/request-parameters.js';
import { harmlessly } from './calls.js';
import type { PendingAuthorization, PendingAuthorizations } from './pending-authorizations.js';
import { readScopes, type Scopes } from './scopes.js';
import { type SessionSurroundings, TokenSession } from './token-session.js';

export interface AuthorizationUrlOptions {
  /**
   * A value of the application's own that comes back in the callback; it must be new for each sign-in and
   * unguessable, because it is what a forged callback lacks (RFC 6749 §10.12). Default: 32 random bytes.
   */
  readonly state?: string;
  /** The scopes to ask for, if others than the auth object's. */
  readonly scopes?: Scopes;
  /** Such as `login` to have the user sign in again, or `none` to have no page shown (OpenID Connect Core §3.1.2.1). */
  readonly prompt?: string;
  /** Whom to expect: an e-mail address, as a rule. */
  readonly loginHint?: string;
  /**
   * More parameters of the authorization request, such as `{ audience: 'https://api.example.com' }`, in addition to the
   * profile's `authorizationParameters`, which they replace where the names are the same. Parameters that the request has
   * anyway are refused.
   */
  readonly parameters?: RequestParameters;
}

export interface CallbackOptions {
  /**
   * More parameters of the request that exchanges the code, such as `resource` (RFC 8707), in addition to the profile's
   * `tokenParameters`, which they replace where the names are the same. Those that the request has anyway are refused.
   */
  readonly parameters?: RequestParameters;
  /**
   * Whether a callback that was completed before is no error: browsers send one again when the user reloads, presses
   * twice, or goes back. It resolves to the session that it signed in, on whichever instance, and waits for that while it
   * is under way. Only the same callback is taken (its code is compared), or, on a session, one of a sign-in of that
   * session. Where it failed, or the session has no tokens any more, `state_used` stays. Set it only where you have made
   * sure that the callback comes from the browser that began, by something that its address does not show: logs and
   * histories keep addresses. Default: `false`.
   */
  readonly allowRepeat?: boolean;
}

export interface AuthorizationUrl {
  /** Where to send the user. */
  readonly url: string;
  /**
   * Bind it to the user's browser, so that only that browser can complete the sign-in: in an encrypted cookie, in a session
   * on the server, or as the hash of a secret in a cookie. A cookie that holds it in clear can be made by anybody who has
   * seen the callback's address (RFC 9700 §2.1.1).
   */
  readonly state: string;
  /** Kept with the pending sign-in as well; only an application that calls `exchangeCode()` elsewhere needs it. A secret. */
  readonly codeVerifier: string;
  /** What the id token is to repeat, where one was sent. Kept and needed as `codeVerifier` is. */
  readonly nonce?: string;
}

export interface CodeExchange extends Pick<CallbackOptions, 'parameters'> {
  readonly code: string;
  /** Default: that of the sign-in that `state` names, or else of the last one that this session began in this process. */
  readonly codeVerifier?: string;
  /** Checked against the pending sign-ins, and used up, when it is given. */
  readonly state?: string;
  /** What the id token must repeat. Default: that of the sign-in that `state` names; without one it is not checked. */
  readonly nonce?: string | undefined;
}

/** What the sign-ins of one auth object share. */
export interface SignIn {
  readonly client: AuthorizationClient;
  readonly pending: PendingAuthorizations;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly entropy: Entropy;
}

/** The sessions that a callback may complete a sign-in of. */
interface CallbackSessions<Session> {
  /** The only one, if there is only one. */
  readonly sessionKey?: string;
  prepare(sessionKey: string): Promise<void>;
  /** Does something with a session and resolves to it. */
  use(sessionKey: string, work: (session: UserSession) => Promise<void>): Promise<Session>;
}

/** The session of a user, who signs in by a browser. */
export class UserSession extends TokenSession {
  readonly #signIn: SignIn;
  #lastState: string | undefined;

  constructor(key: string, storageKey: string, around: SessionSurroundings, onClosed: () => void, signIn: SignIn) {
    super(key, storageKey, around, onClosed);
    this.#signIn = signIn;
  }

  /**
   * Begins a sign-in: makes the address to send the user to, with PKCE (RFC 7636, S256), and keeps what completes it
   * for ten minutes, in storage, so that another instance may complete it.
   *
   * @throws ConfigurationError for options that the server would not take, StorageError
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
   * Completes a sign-in that this session began, with the address that the server sent the user back to. A callback
   * that is wrong in any way leaves the session as it was.
   *
   * @throws AuthenticationError for a callback that is forged, stale, used before or of another session, and for a
   *   sign-in that the user or the server declined; TransportError, ProtocolError, RateLimitError, ConfigurationError
   *   and StorageError when the code cannot be exchanged
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
   * Exchanges a code for tokens (RFC 6749 §4.1.3), for applications that read the callback themselves.
   * `handleCallback()` also checks `state`, issuer and errors; prefer it.
   *
   * @throws as `handleCallback()` does
   */
  async exchangeCode(exchange: CodeExchange): Promise<void> {
    this.assertOpen();
    // A caller in JavaScript may hand over nothing at all, and is told about the code as well.
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

  /** Renews a session that is about to end unused: for the auth object, not for its users. */
  static keepAlive(session: UserSession): Promise<Failure | null> {
    return session.keepAlive();
  }

  /** Prepares a session for the end of its sign-in: for the auth object, not for its users. */
  static prepare(session: UserSession): Promise<void> {
    return session.prepare();
  }

  /** Completes the sign-in that a callback is of: for the auth object, not for its users. */
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
        if (allowRepeat) harmlessly(() => pending.settle(state, completed));
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
 * Checks the parameters before anything is used up: a state and a code work once.
 *
 * @throws ConfigurationError for one that is reserved or cannot be sent
 */
export function checkCallbackOptions(options: CallbackOptions): void {
  checkTokenParameters(options);
  if (options.allowRepeat !== undefined && typeof options.allowRepeat !== 'boolean') {
    throw new ConfigurationError('invalid_option', 'allowRepeat must be true or false. Leave it out for false.');
  }
}

/** @throws ConfigurationError for one that is reserved or cannot be sent */
function checkTokenParameters(options: Pick<CallbackOptions, 'parameters'>): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('invalid_option', 'handleCallback() takes an address and an object of options.');
  }
  checkParameters('parameters', options.parameters, TOKEN_PARAMETERS);
}
