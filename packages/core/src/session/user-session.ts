import type { SessionRunner } from './session-runner.js';
import type { SignIn } from './sign-in.js';
import {
  type AuthorizationUrl,
  type AuthorizationUrlOptions,
  type CallbackOptions,
  type CodeExchange,
  checkCallbackOptions,
} from './sign-in-options.js';
import { TokenSession } from './token-session.js';

/** The session of a user who signs in with a browser. */
export class UserSession extends TokenSession {
  readonly #runner: SessionRunner;
  readonly #signIn: SignIn;
  #lastState: string | undefined;

  constructor(runner: SessionRunner, signIn: SignIn) {
    super(runner);
    this.#runner = runner;
    this.#signIn = signIn;
  }

  /**
   * Begins a sign-in and resolves to the address to redirect the user to. The request uses PKCE (RFC 7636, S256). The
   * pending sign-in is kept in the storage for ten minutes, so that any instance can complete it.
   *
   * The call reads the session's record unless its tokens are known, then reads and writes the pending sign-in.
   *
   * @throws ConfigurationError for options that the server would reject, StorageError
   */
  async getAuthorizationUrl(options?: AuthorizationUrlOptions): Promise<AuthorizationUrl> {
    const begun = await this.#signIn.begin(this.#runner, options);
    this.#lastState = begun.state;
    return begun;
  }

  /**
   * Completes a sign-in that this session began, from the address that the server redirected the user to. An invalid
   * callback leaves the session unchanged.
   *
   * The call reads the pending sign-in, then the session's record unless its tokens are known. It marks the pending
   * sign-in as used before it exchanges the code, and then writes the tokens.
   *
   * @throws AuthenticationError for a callback that is forged, expired, already used or of another session, and for a
   * sign-in that the user or the server declined; TransportError, ProtocolError, RateLimitError, ConfigurationError and
   * StorageError when the code cannot be exchanged
   */
  async handleCallback(url: string | URL, options: CallbackOptions = {}): Promise<this> {
    this.#runner.assertOpen();
    checkCallbackOptions(options);
    return this.#signIn.complete(url, options, {
      only: this.key,
      use: async (_key, work) => {
        await work(this.#runner);
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
    await this.#signIn.exchangeCode(this.#runner, exchange, this.#lastState);
  }
}
