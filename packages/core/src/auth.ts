import { refuse } from './auth-options.js';
import { ConfigurationError } from './kernel/errors.js';
import type { ExportedTokens, ImportableTokens } from './session/exported-tokens.js';
import type { SessionSnapshot } from './session/session-snapshot.js';
import type { RevocationResult } from './session/token-requests.js';
import type { GetTokenOptions, TokenSession } from './session/token-session.js';

/** The key of the default session, which the auth object itself represents. */
export const DEFAULT_KEY = 'default';

/**
 * The base class of all auth classes that refresh tokens. It keeps sessions by key, and the object itself is one of
 * them: the default session.
 */
export abstract class Auth<Session extends TokenSession> {
  readonly #sessions = new Map<string, Session>();
  /** The keys of the sessions that the application has not requested. */
  readonly #borrowed = new Set<string>();
  readonly #make: (key: string, onClosed: () => void) => Session;
  readonly #onClose: () => void;
  readonly #default: Session;
  /**
   * Resolves to an access token of the default session: see {@link TokenSession.getToken}. It is bound, so it can be
   * passed as a function.
   */
  readonly getToken: (options?: GetTokenOptions) => Promise<string>;
  /** Returns the access token of the default session: see {@link TokenSession.peekToken}. It is bound, too. */
  readonly peekToken: () => string | undefined;
  #closed = false;

  /** @param onClose - called when `close()` begins */
  protected constructor(make: (key: string, onClosed: () => void) => Session, onClose: () => void) {
    this.#make = make;
    this.#onClose = onClose;
    this.#default = this.session(DEFAULT_KEY);
    this.getToken = this.#default.getToken;
    this.peekToken = this.#default.peekToken;
  }

  /**
   * Returns the session of one user or tenant: the same object for the same key, until its `close()` has finished. A
   * session reads the storage when it is first used.
   *
   * @throws ConfigurationError for a key that is not a string or is empty, and after `close()`
   */
  session(key: string): Session {
    // An unpaired surrogate has no encoding, so a storage could not distinguish two such keys.
    if (typeof key !== 'string' || key === '' || /\p{Surrogate}/u.test(key)) {
      refuse('key', 'must be a string, well-formed and not empty, such as a user id.');
    }
    this.assertOpen();
    this.#borrowed.delete(key);
    return this.#sessions.get(key) ?? this.#begin(key);
  }

  /** Runs `work` with a session, then releases it unless the application has requested it in the meantime. */
  protected async borrow<Result>(key: string, work: (session: Session) => Promise<Result>): Promise<Result> {
    this.assertOpen();
    const known = this.#sessions.get(key);
    if (known !== undefined) return work(known);
    const session = this.#begin(key);
    this.#borrowed.add(key);
    try {
      return await work(session);
    } finally {
      // Tokens that are not written yet exist only in its memory.
      if (this.#borrowed.delete(key) && session.snapshot.step !== 'valid.unsaved') {
        this.#sessions.delete(key);
        await session.close();
      }
    }
  }

  #begin(key: string): Session {
    const session: Session = this.#make(key, () => {
      // The auth object always represents its default session, so a closed one is not replaced.
      if (key !== DEFAULT_KEY && this.#sessions.get(key) === session) this.#sessions.delete(key);
    });
    this.#sessions.set(key, session);
    return session;
  }

  /** @throws ConfigurationError after `close()` */
  protected assertOpen(): void {
    if (this.#closed) {
      throw new ConfigurationError('auth_closed', 'This auth object was closed. Make a new one to go on.');
    }
  }

  /** Refreshes the token of the default session: see {@link TokenSession.refresh}. */
  refresh(): Promise<void> {
    return this.#default.refresh();
  }

  /** Signs out the default session: see {@link TokenSession.revoke}. */
  revoke(): Promise<RevocationResult> {
    return this.#default.revoke();
  }

  /** Resolves to the tokens of the default session: see {@link TokenSession.exportTokens}. */
  exportTokens(): Promise<ExportedTokens | undefined> {
    return this.#default.exportTokens();
  }

  /** Imports tokens into the default session: see {@link TokenSession.importTokens}. */
  importTokens(tokens: ImportableTokens): Promise<void> {
    return this.#default.importTokens(tokens);
  }

  get isAuthenticated(): boolean {
    return this.#default.isAuthenticated;
  }

  get snapshot(): SessionSnapshot {
    return this.#default.snapshot;
  }

  /** Calls `listener` after each change of the default session: see {@link TokenSession.subscribe}. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void } {
    return this.#default.subscribe(listener);
  }

  /**
   * Closes every session. The storage and the transport belong to the application and stay open.
   *
   * @throws StorageError if the storage did not accept a session's newest tokens
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#onClose();
    const closings = await Promise.allSettled([...this.#sessions.values()].map((session) => session.close()));
    const failed = closings.find((closing) => closing.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
