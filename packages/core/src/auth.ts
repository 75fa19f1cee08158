import { refuse } from './auth-options.js';
import { ConfigurationError } from './kernel/errors.js';
import type { ExportedTokens, ImportableTokens } from './session/exported-tokens.js';
import type { SessionSnapshot } from './session/session-snapshot.js';
import type { RevocationResult } from './session/token-requests.js';
import type { GetTokenOptions, TokenSession } from './session/token-session.js';

/** The key of the session that an auth object is itself. */
export const DEFAULT_KEY = 'default';

/** What all auth classes that renew tokens have in common: sessions by key, and one of them as the object itself. */
export abstract class Auth<Session extends TokenSession> {
  readonly #sessions = new Map<string, Session>();
  /** The keys of the sessions that the application has not asked for. */
  readonly #borrowed = new Set<string>();
  readonly #make: (key: string, onClosed: () => void) => Session;
  readonly #onClose: () => void;
  readonly #default: Session;
  /** `getToken()` of the default session, bound: hand it over as it is. */
  readonly getToken: (options?: GetTokenOptions) => Promise<string>;
  /** `peekToken()` of the default session, bound. */
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
   * The session of one user or tenant, the same object for the same key until its `close()` is done. It reads storage
   * when it is first used.
   *
   * @throws ConfigurationError for a key that is no string or empty, and after `close()`
   */
  session(key: string): Session {
    // Half of a surrogate pair has no encoding, so no storage could tell it from another half.
    if (typeof key !== 'string' || key === '' || /\p{Surrogate}/u.test(key)) {
      refuse('key', 'must be a string, well-formed and not empty, such as a user id.');
    }
    this.assertOpen();
    this.#borrowed.delete(key);
    return this.#sessions.get(key) ?? this.#begin(key);
  }

  /** Does something with a session for a while, and lets it go if the application does not ask for it meanwhile. */
  protected async borrow<Result>(key: string, work: (session: Session) => Promise<Result>): Promise<Result> {
    this.assertOpen();
    const known = this.#sessions.get(key);
    if (known !== undefined) return work(known);
    const session = this.#begin(key);
    this.#borrowed.add(key);
    try {
      return await work(session);
    } finally {
      // Of tokens that are not written yet its memory has the only copy.
      if (this.#borrowed.delete(key) && session.snapshot.step !== 'valid.unsaved') {
        this.#sessions.delete(key);
        await session.close();
      }
    }
  }

  #begin(key: string): Session {
    const session: Session = this.#make(key, () => {
      // The auth object is its default session, for good: one that is closed is not replaced behind its back.
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

  /** As on the default session: see {@link TokenSession.refresh}. */
  refresh(): Promise<void> {
    return this.#default.refresh();
  }

  /** As on the default session: see {@link TokenSession.revoke}. */
  revoke(): Promise<RevocationResult> {
    return this.#default.revoke();
  }

  /** As on the default session: see {@link TokenSession.exportTokens}. */
  exportTokens(): Promise<ExportedTokens | undefined> {
    return this.#default.exportTokens();
  }

  /** As on the default session: see {@link TokenSession.importTokens}. */
  importTokens(tokens: ImportableTokens): Promise<void> {
    return this.#default.importTokens(tokens);
  }

  get isAuthenticated(): boolean {
    return this.#default.isAuthenticated;
  }

  get snapshot(): SessionSnapshot {
    return this.#default.snapshot;
  }

  /** As on the default session: see {@link TokenSession.subscribe}. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void } {
    return this.#default.subscribe(listener);
  }

  /**
   * Closes every session. The storage and the transport are the application's, and stay open.
   *
   * @throws StorageError when the storage did not take a session's newest tokens to the last
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
