import { errorOf, TokenExpiredError } from '../kernel/errors.js';
import { redated, type TokenSet } from '../kernel/token-set.js';
import { orAborted, throwIfAborted } from './calls.js';
import { type ExportedTokens, type ImportableTokens, readImport } from './exported-tokens.js';
import type { FreshToken } from './fresh-token.js';
import type { SessionRunner } from './session-runner.js';
import type { SessionSnapshot } from './session-snapshot.js';
import type { RevocationResult } from './token-requests.js';

export interface GetTokenOptions {
  /** Aborts the wait of this call only; a request that other callers wait for continues. */
  readonly signal?: AbortSignal;
  /** The token that an API rejected with 401. If it is still the current one, a new one is requested. */
  readonly rejected?: string;
}

export interface RevocationOptions {
  /**
   * A session with tokens that must stay valid, such as that of a sign-in that replaces this one. Many servers revoke
   * everything that a user has from a client (the profile's `revocationReach`). If both sessions may belong to the same
   * user, the server is not called. The tokens are only forgotten, and `reason` is `would_end_another`.
   */
  readonly sparing?: TokenSession;
}

/** A session: the tokens of one user, or of the application itself. */
export class TokenSession {
  readonly key: string;
  readonly #runner: SessionRunner;
  readonly #fresh: FreshToken;

  constructor(runner: SessionRunner) {
    this.key = runner.key;
    this.#runner = runner;
    this.#fresh = runner.effects.fresh;
  }

  /**
   * Resolves to a valid access token. A token that is not due for refresh is served at once, without a request, a lock
   * or a read. One that is due but not expired is also served at once, and refreshed in the background.
   *
   * @throws AuthenticationError if the session is not signed in; TokenExpiredError if it has ended; if there is no
   * valid token and none can be obtained, the TransportError, RateLimitError, ProtocolError, StorageError or
   * ConfigurationError that says why
   */
  readonly getToken = (options?: GetTokenOptions): Promise<string> => {
    if (options === undefined && this.#fresh.isFresh) return this.#fresh.use();
    return this.#obtainToken(options);
  };

  /** Returns the access token if there is a valid one. Makes no request and never throws. */
  readonly peekToken = (): string | undefined => {
    if (!this.#fresh.isFresh && !this.#runner.isAlive) return undefined;
    this.#fresh.isUsed = true;
    return this.#served;
  };

  get #served(): string | undefined {
    return this.#runner.effects.vault.served?.accessToken.reveal();
  }

  async #obtainToken({ signal, rejected }: GetTokenOptions = {}): Promise<string> {
    const runner = this.#runner;
    throwIfAborted(signal);
    runner.assertOpen();
    if (rejected !== undefined) {
      await orAborted(runner.restore(), signal);
      runner.assertOpen();
      if (rejected === this.#served) return runner.request({ type: 'token.rejected' }, signal);
    }
    if (!runner.isAlive) return runner.request({ type: 'token.requested' }, signal);
    // Read it now: a token that is valid at this reading of the clock may have expired at the next.
    const token = this.#served as string;
    if (!this.#fresh.checkFreshness() && !runner.snapshot.context.requested) runner.send({ type: 'token.requested' });
    this.#fresh.isUsed = true;
    return token;
  }

  /**
   * Refreshes the token now, whether it is due or not. Joins a refresh that is in progress.
   *
   * @throws the same errors as `getToken()`
   */
  async refresh(): Promise<void> {
    this.#runner.assertOpen();
    await this.#runner.restore();
    await this.#runner.request({ type: 'refresh.requested' });
  }

  /**
   * Signs out: revokes the tokens at the server (RFC 7009), and deletes them here and in the storage even if the server
   * cannot be reached. A record that cannot be read is replaced. The server cannot revoke the tokens in it, and
   * `reason` says why.
   *
   * @throws StorageError if the tokens are still in the storage; then call it again
   */
  async revoke({ sparing }: RevocationOptions = {}): Promise<RevocationResult> {
    const runner = this.#runner;
    runner.assertOpen();
    const spared = sparing && (await sparing.#runner.tokens());
    return runner.inTurn(async () => {
      const revocation = {
        result: { revokedRemotely: false, reason: runner.obstacle?.code ?? 'nothing_to_revoke' } as RevocationResult,
        spared,
      };
      runner.effects.revocation = revocation;
      try {
        runner.send({ type: 'revocation.requested' });
        if (!runner.snapshot.matches('revoking')) return revocation.result;
        const { failure } = (await runner.until((snapshot) => !snapshot.matches('revoking'))).context;
        if (failure !== null) throw errorOf(failure);
        return revocation.result;
      } finally {
        runner.effects.revocation = undefined;
      }
    });
  }

  /**
   * Resolves to the tokens in plain text, for the application to store; `undefined` if there are none.
   *
   * @throws StorageError if the storage cannot be read
   */
  async exportTokens(): Promise<ExportedTokens | undefined> {
    const tokens = await this.#runner.tokens();
    return tokens && this.#runner.effects.export(tokens);
  }

  /**
   * Replaces the session's tokens by exported ones, from here or from the official SDKs. Invalid tokens are rejected,
   * and the session stays unchanged. If the storage does not accept the tokens, they are served anyway, the snapshot is
   * `degraded`, and the write is retried. A record that cannot be read is replaced.
   *
   * @throws ConfigurationError for what cannot be parsed, TokenExpiredError for expired tokens without a refresh token,
   * StorageError if the storage does not respond or has a record of a newer version of this package
   */
  async importTokens(tokens: ImportableTokens): Promise<void> {
    const runner = this.#runner;
    runner.assertOpen();
    const { clock, wallClock } = runner.dependencies;
    const read = redated(readImport(tokens, wallClock.now()), clock.fromWall(0));
    const imported: TokenSet = { ...read, facts: { ...read.facts, signIn: runner.effects.newSignIn() } };
    const { expiresAt, refreshable } = imported.facts;
    await runner.inTurn(async () => {
      if (!refreshable && expiresAt !== null && expiresAt <= clock.now()) {
        throw new TokenExpiredError(
          'access_token_expired',
          'The imported access token has expired, and no refresh token came with it. Sign in again.',
          {
            errorDescription: 'The imported access token has expired.',
          },
        );
      }
      await runner.import({ type: 'tokens.imported', tokens: imported.facts }, imported);
    });
  }

  /** Whether there are tokens, and they are not known to be dead. `false` before the first use of the session. */
  get isAuthenticated(): boolean {
    return this.#runner.isAuthenticated;
  }

  /** The session's current state, without secrets. */
  get snapshot(): SessionSnapshot {
    const snapshot = this.#runner.notifications.present(this.#runner.snapshot);
    return this.#runner.isClosed ? { ...snapshot, hasUsableToken: false } : snapshot;
  }

  /** Calls `listener` with the snapshot after each change. Errors of the listener are ignored. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void } {
    return this.#runner.notifications.subscribe(listener);
  }

  /**
   * Releases timers, lease and storage; the storage's records stay. It waits for a request in progress and writes its
   * response, which may hold the only copy of a refresh token. It also tries once more to write tokens that the storage
   * did not accept.
   *
   * @throws StorageError if the storage still does not accept them; the tokens are then lost
   */
  close(): Promise<void> {
    return this.#runner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
