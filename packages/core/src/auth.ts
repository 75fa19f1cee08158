import { refuse } from './auth-options.js';
import { ConfigurationError } from './kernel/errors.js';
import type { ExportedTokens, ImportableTokens } from './session/exported-tokens.js';
import type { SessionDependencies } from './session/session-dependencies.js';
import { SessionRunner } from './session/session-runner.js';
import type { SessionSnapshot } from './session/session-snapshot.js';
import type { StorageKeys } from './session/storage-keys.js';
import type { RevocationResult } from './session/token-requests.js';
import type { GetTokenOptions, TokenSession } from './session/token-session.js';

/** The key of the default session, which the auth object itself represents. */
export const DEFAULT_KEY = 'default';

interface Entry<Session> {
  readonly runner: SessionRunner;
  /** The session, if the application has requested it. */
  session: Session | undefined;
  /** How many pieces of work use it without the application's request. */
  holders: number;
}

/**
 * The base class of all auth classes that refresh tokens. It keeps sessions by key, and the object itself is one of
 * them: the default session.
 */
export abstract class Auth<Session extends TokenSession> {
  readonly #entries = new Map<string, Entry<Session>>();
  readonly #keys: StorageKeys;
  readonly #dependencies: SessionDependencies;
  readonly #make: (runner: SessionRunner) => Session;
  readonly #default: Session;
  /**
   * Resolves to an access token of the default session: see {@link TokenSession.getToken}. It is bound, so it can be
   * passed as a function.
   */
  readonly getToken: (options?: GetTokenOptions) => Promise<string>;
  /** Returns the access token of the default session: see {@link TokenSession.peekToken}. It is bound, too. */
  readonly peekToken: () => string | undefined;
  #closed = false;

  /** @param make - makes the session that the application gets */
  protected constructor(
    keys: StorageKeys,
    dependencies: SessionDependencies,
    make: (runner: SessionRunner) => Session,
  ) {
    this.#keys = keys;
    this.#dependencies = dependencies;
    this.#make = make;
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
    const entry = this.#entry(key);
    entry.session ??= this.#make(entry.runner);
    return entry.session;
  }

  /** Runs `work` with a session. Closes it afterwards if nothing else uses it. */
  protected async withRunner<Result>(key: string, work: (runner: SessionRunner) => Promise<Result>): Promise<Result> {
    this.assertOpen();
    const entry = this.#entry(key);
    entry.holders += 1;
    try {
      return await work(entry.runner);
    } finally {
      entry.holders -= 1;
      const { runner } = entry;
      // Tokens that are not written yet exist only in its memory.
      if (entry.session === undefined && entry.holders === 0 && !runner.snapshot.matches({ valid: 'unsaved' })) {
        this.#entries.delete(key);
        await runner.close();
      }
    }
  }

  #entry(key: string): Entry<Session> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const onClosed = () => {
      // The auth object always represents its default session, so a closed one is not replaced.
      if (key !== DEFAULT_KEY && this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    const runner = new SessionRunner(key, this.#keys.session(key), this.#dependencies, onClosed);
    const entry: Entry<Session> = { runner, session: undefined, holders: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  /** @throws ConfigurationError after `close()` */
  protected assertOpen(): void {
    if (this.#closed) {
      throw new ConfigurationError(
        'auth_closed',
        'This auth object was closed with close(). Create a new one, or close it later.',
      );
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
    this.#dependencies.coolDown.close();
    const closings = await Promise.allSettled([...this.#entries.values()].map(({ runner }) => runner.close()));
    const failed = closings.find((closing) => closing.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
