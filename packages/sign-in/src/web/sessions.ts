import { AuthenticationError, FrameioAuthError, type UserSession, type WebAppAuth } from '@frameio-auth/core';
import type { SignInLogger } from './options.js';

/** Provides the sessions of users, and closes those that no browser can reach any more. */
export class Sessions {
  readonly #auth: WebAppAuth;
  readonly #logger: SignInLogger;
  /** The sessions that are being closed. */
  readonly #leaving = new WeakMap<UserSession, Promise<void>>();

  constructor(auth: WebAppAuth, logger: SignInLogger) {
    this.#auth = auth;
    this.#logger = logger;
  }

  /** Resolves to the session with a key. */
  async get(key: string): Promise<UserSession> {
    // Until the old session has closed, it occupies the key and rejects all calls as closed.
    await this.#leaving.get(this.#auth.session(key));
    return this.#auth.session(key);
  }

  /**
   * Closes a session that has ended. If signing in is the login, the next sign-in has another key, so every instance
   * that has used this session would otherwise keep it forever.
   */
  release(session: UserSession): void {
    // A session that could not store its last tokens stays open, because it holds the only copy.
    if (this.#leaving.has(session) || session.snapshot.step === 'valid.unsaved') return;
    const closed = session.close().catch((error: unknown) => {
      this.#logger.warn(`A session that has ended could not be closed: ${describe(error)}`);
    });
    this.#leaving.set(session, closed);
  }

  /**
   * Revokes and closes a session that is no longer used. Both sessions may be of one user, so the session to keep is
   * spared. A failure here is only logged, because it says nothing about the user's request.
   */
  async giveUp(key: string, keyToKeep: string | undefined): Promise<void> {
    try {
      const session = await this.get(key);
      await session.revoke(keyToKeep === undefined ? {} : { sparing: await this.get(keyToKeep) });
      await session.close();
    } catch (error) {
      this.#logger.warn(`The tokens of a session that is no longer used could not be revoked: ${describe(error)}`);
    }
  }
}

/**
 * Describes an error in words that are safe to log. Errors of other packages may contain anything, and an error that
 * requires a user's action may contain an address for that user alone.
 */
export function describe(error: unknown): string {
  if (error instanceof AuthenticationError) return `${error.errorDescription} (${error.code}).`;
  if (error instanceof FrameioAuthError) return error.message;
  return error instanceof Error ? `${error.name}.` : 'unknown.';
}
