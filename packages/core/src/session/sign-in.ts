import { type Entropy, randomText } from '../kernel/entropy.js';
import { AuthenticationError, ConfigurationError } from '../kernel/errors.js';
import { Secret } from '../kernel/secret.js';
import type { AuthorizationClient } from '../protocol/authorization-client.js';
import { checkReturn } from '../protocol/callback.js';
import { ignoreErrors } from './calls.js';
import { exchangeCode } from './code-exchange.js';
import {
  alreadyUsed,
  type FoundAuthorization,
  type PendingAuthorization,
  type PendingAuthorizations,
} from './pending-authorizations.js';
import { readScopes } from './scopes.js';
import type { SessionRunner } from './session-runner.js';
import {
  type AuthorizationUrl,
  type AuthorizationUrlOptions,
  type CallbackOptions,
  type CodeExchange,
  checkTokenParameters,
} from './sign-in-options.js';
import type { CodeGrant } from './vault.js';

export interface SignInParts {
  readonly client: AuthorizationClient;
  readonly pending: PendingAuthorizations;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly entropy: Entropy;
}

/** The sessions that a callback may sign in. */
export interface CallbackSessions<Session> {
  /** The only session that is allowed, if there is just one. */
  readonly only?: string;
  /** Runs `work` with the session and resolves to the session. */
  use(sessionKey: string, work: (session: SessionRunner) => Promise<void>): Promise<Session>;
}

/** Signs the users of one auth object in: begins sign-ins, and completes them from their callbacks or codes. */
export class SignIn {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  get redirectUri(): string {
    return this.#parts.redirectUri;
  }

  /**
   * Begins a sign-in. It reads the session's record unless its tokens are known, and then reads and writes the record of
   * the pending sign-in.
   */
  async begin(session: SessionRunner, options: AuthorizationUrlOptions = {}): Promise<AuthorizationUrl> {
    session.assertOpen();
    const { client, pending, redirectUri, entropy } = this.#parts;
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
    const scopes = options.scopes === undefined ? this.#parts.scopes : readScopes(options.scopes);
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
    await session.readAndRest();
    await pending.begin(state, { sessionKey: session.key, redirectUri, scopes, codeVerifier, ...(nonce && { nonce }) });
    await session.note('authorization.started');
    return { url, state, codeVerifier: codeVerifier.reveal(), ...(nonce && { nonce: nonce.reveal() }) };
  }

  /**
   * Completes the sign-in that a callback belongs to. It reads the record of the pending sign-in. In the session's turn,
   * it reads the session's record unless its tokens are known, marks the pending sign-in as used, and exchanges the
   * code. Nothing is read again, except while a repeated callback waits for the first.
   */
  async complete<Session>(
    url: string | URL,
    options: CallbackOptions,
    { only, use }: CallbackSessions<Session>,
  ): Promise<Session> {
    const { client, pending } = this.#parts;
    const { allowRepeat = false } = options;
    const callback = client.readCallback(url);
    const { state, outcome } = callback;
    const found = await pending.find(state, only);
    const { begun } = found;
    if (begun !== undefined) {
      checkReturn(callback, begun.redirectUri);
      let isFirst = false;
      const session = await use(begun.sessionKey, async (runner) => {
        isFirst = outcome.ok
          ? await this.#exchange(runner, found, { ...grantOf(begun, options), code: outcome.code, state }, allowRepeat)
          : await this.#deny(runner, found, outcome.error);
      });
      if (isFirst) return session;
    }
    if (!allowRepeat) throw alreadyUsed();
    if (!outcome.ok) throw outcome.error;
    const proof = { code: outcome.code, ...(only !== undefined && { sessionKey: only }) };
    return use(await pending.completed(state, proof, found.outcome), async (runner) => {
      await runner.readAndRest();
      if (!runner.isAuthenticated) throw alreadyUsed();
    });
  }

  /**
   * Exchanges a code that the application took from a callback itself. It reads the record of the pending sign-in, if
   * its state is given or known. Then it does the same as {@link complete}.
   *
   * @param lastState - the state of the last sign-in that the session began in this process
   */
  async exchangeCode(session: SessionRunner, exchange: CodeExchange, lastState: string | undefined): Promise<void> {
    session.assertOpen();
    // In JavaScript the argument may be missing; the error below is then about the code.
    const { code, codeVerifier, state, nonce } = exchange ?? {};
    const { pending, redirectUri, scopes } = this.#parts;
    for (const [name, value] of Object.entries({ code, codeVerifier, nonce })) {
      if ((value === undefined && name !== 'code') || (typeof value === 'string' && value !== '')) continue;
      throw new ConfigurationError('invalid_option', `exchangeCode() needs a ${name} that is a string and not empty.`);
    }
    checkTokenParameters(exchange);
    const known = state ?? (codeVerifier === undefined ? lastState : undefined);
    if (known === undefined && codeVerifier === undefined) {
      const message =
        'This session started no sign-in in this process. Pass the state of the sign-in or its codeVerifier, or use handleCallback().';
      throw new AuthenticationError('state_unknown', message, { errorDescription: message });
    }
    const found = known === undefined ? undefined : await pending.find(known, session.key);
    if (found?.outcome !== undefined) throw alreadyUsed();
    const begun = found?.begun;
    const verifier =
      codeVerifier === undefined ? (begun as PendingAuthorization).codeVerifier : new Secret(codeVerifier);
    const grant = {
      ...grantOf({ redirectUri, scopes, ...begun, codeVerifier: verifier }, exchange),
      ...(nonce !== undefined && { nonce: new Secret(nonce) }),
      ...(known !== undefined && { state: known }),
      code: new Secret(code),
    };
    if (!(await this.#exchange(session, found, grant))) throw alreadyUsed();
  }

  /** Returns whether the code was exchanged; it is not if another callback has used the sign-in. */
  #exchange(
    session: SessionRunner,
    found: FoundAuthorization | undefined,
    grant: CodeGrant,
    allowRepeat = false,
  ): Promise<boolean> {
    const { pending } = this.#parts;
    return session.inTurn(async () => {
      if (found !== undefined && !(await pending.consume(found, allowRepeat))) return false;
      let completed: Parameters<PendingAuthorizations['settle']>[1];
      try {
        await exchangeCode(session, grant);
        completed = { sessionKey: session.key, code: grant.code };
      } finally {
        if (found !== undefined && allowRepeat) ignoreErrors(() => pending.settle(found, completed));
      }
      return true;
    });
  }

  async #deny(session: SessionRunner, found: FoundAuthorization, error: Error): Promise<boolean> {
    if (!(await this.#parts.pending.consume(found))) return false;
    await session.note('authorization.denied');
    throw error;
  }
}

function grantOf(
  { codeVerifier, redirectUri, scopes, nonce }: Omit<PendingAuthorization, 'sessionKey'>,
  { parameters }: Pick<CallbackOptions, 'parameters'>,
): Omit<CodeGrant, 'code'> {
  return {
    codeVerifier,
    redirectUri,
    scopes,
    ...(nonce !== undefined && { nonce }),
    ...(parameters !== undefined && { parameters }),
  };
}
