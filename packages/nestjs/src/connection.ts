import {
  AuthenticationError,
  ConfigurationError,
  FrameioAuthError,
  ServerToServerAuth,
  StaticTokenAuth,
  WebAppAuth,
} from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import type { ConnectionEvents } from './connection-events.js';
import {
  complaint,
  type FrameioAuth,
  type FrameioAuthModuleOptions,
  type FrameioTokenSource,
} from './connection-options.js';
import { exceptionOf, type FrameioAuthException } from './frameio-auth.exception.js';
import type { FrameioUsers } from './frameio-users.interface.js';
import { HttpClients } from './http-clients.js';
import type { SignInRoutes } from './sign-in/sign-in-routes.js';
import { withTimeLimit } from './time-limit.js';

/** How long startup waits for the tokens of one session, in milliseconds. */
const RESTORE_TIMEOUT = 5_000;

/** Manages one connection to a server, from startup to shutdown: its auth object, sessions and HTTP clients. */
export class Connection {
  readonly name: string;
  readonly auth: FrameioAuth;
  readonly events: ConnectionEvents;
  /** The routes of the sign-in, if the module provides one. */
  readonly routes: SignInRoutes | undefined;
  readonly #options: FrameioAuthModuleOptions;
  readonly #clients: HttpClients<FrameioTokenSource> | undefined;
  /** The sessions with a fixed key, as opposed to those of a request's user. */
  readonly #standing = new Set<FrameioTokenSource>();
  /** The sessions that are being closed. */
  readonly #leaving = new WeakMap<FrameioTokenSource, Promise<void>>();

  constructor({ name, auth, events, options, routes }: ConnectionParts) {
    this.name = name;
    this.auth = auth;
    this.events = events;
    this.routes = routes;
    this.#options = options;
    const { http } = options as { http?: (session: FrameioTokenSource) => unknown };
    this.#clients = http && new HttpClients(http);
    if (!(auth instanceof WebAppAuth)) this.#standing.add(this.#own(auth));
  }

  /** Returns the option `users`; `undefined` if only the application itself signs in. */
  get users(): FrameioUsers | undefined {
    if (!(this.auth instanceof WebAppAuth)) return undefined;
    const { users } = this.#options as { users?: FrameioUsers };
    if (users === undefined) {
      throw complaint(
        this.name,
        'users is missing, so no request can be matched to a session. Set it to { identify(request) { … } }.',
      );
    }
    return users;
  }

  /** Returns the storage that the application provided. */
  get storage(): TokenStorage | undefined {
    return 'storage' in this.#options ? this.#options.storage : undefined;
  }

  /** Returns the session with a key, or the application's own session if no key is given. */
  session(key?: string): FrameioTokenSource {
    const { auth } = this;
    if (key === undefined) return this.#own(auth);
    if (auth instanceof StaticTokenAuth) {
      throw complaint(
        this.name,
        'forFeature() creates sessions by key, but a static token is a single session. Remove forFeature(), or use another flow.',
      );
    }
    return auth.session(key);
  }

  /** Returns the session of the user that a request is from. */
  async userSession(key: string): Promise<FrameioTokenSource> {
    const session = this.session(key);
    const leaving = this.#leaving.get(session);
    if (leaving === undefined) return session;
    // Until the old session has closed, it occupies the key and rejects all calls as closed.
    await leaving;
    return this.session(key);
  }

  /**
   * Closes a session that has ended. If signing in is the login, the next sign-in has another key, so every instance
   * that has used this session would otherwise keep it forever.
   */
  letGo(session: FrameioTokenSource): void {
    if (this.users?.admit === undefined || this.#standing.has(session) || this.#leaving.has(session)) return;
    // A session that could not store its last tokens stays open, because it holds the only copy.
    if (session instanceof StaticTokenAuth || session.snapshot.step === 'valid.unsaved') return;
    this.#leaving.set(
      session,
      session.close().catch((error: unknown) => {
        this.events.logger.warn(
          `A session that has ended could not be closed, and is kept in memory until the process ends: ${wordsOf(error)}`,
        );
      }),
    );
  }

  /** Returns the session with a fixed key, which is restored at startup. */
  standingSession(key: string): FrameioTokenSource {
    const session = this.session(key);
    this.#standing.add(session);
    return session;
  }

  /** Returns the HTTP client of a session. */
  client(session: FrameioTokenSource): unknown {
    if (this.#clients === undefined) {
      throw complaint(
        this.name,
        'http is missing, so there is no HTTP client to inject. Set it to (session) => authenticatedFetch(session), for example.',
      );
    }
    return this.#clients.of(session);
  }

  /** Returns the value that is injected as the connection's HTTP client. */
  get injectedClient(): unknown {
    if (this.auth instanceof WebAppAuth) return (key: string) => this.client(this.session(key));
    return this.client(this.session());
  }

  /** Converts an error into the exception that a caller sees, and logs what callers do not see. */
  exceptionOf(error: FrameioAuthError): FrameioAuthException {
    const exception = exceptionOf(error, this.routes?.login);
    if (exception.getStatus() >= 500) this.events.logger.error(error.message);
    return exception;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#options.restore === 'lazy') return;
    await Promise.all([...this.#standing].map((session) => this.#restore(session)));
  }

  /** Runs after the server has stopped listening, so that requests in flight can still get tokens. */
  async onApplicationShutdown(): Promise<void> {
    await this.#clients?.close();
    try {
      await this.auth.close();
    } catch (error) {
      this.events.logger.error(
        `Tokens could not be written to the storage at shutdown, so their users must sign in again: ${wordsOf(error)}`,
      );
    }
    try {
      await this.#options.onClosed?.();
    } catch (error) {
      // If this threw, Nest would skip the remaining shutdown hooks.
      this.events.logger.error(
        `The option onClosed failed at shutdown, so what it closes may still be open: ${wordsOf(error)}`,
      );
    }
  }

  /** A test may replace the auth object with a stub that has no sessions. The stub then serves as the session. */
  #own(auth: FrameioAuth): FrameioTokenSource {
    return auth instanceof ServerToServerAuth || auth instanceof WebAppAuth ? auth.session('default') : auth;
  }

  async #restore(session: FrameioTokenSource): Promise<void> {
    try {
      await withTimeLimit(RESTORE_TIMEOUT, async (signal) => session.getToken({ signal }));
    } catch (error) {
      if (error instanceof ConfigurationError) throw complaint(this.name, error.message);
      // Before the first sign-in this is normal, so it is not logged.
      if (error instanceof AuthenticationError && error.code === 'not_authenticated') return;
      // A session that has ended stays so until its user signs in.
      const prospect = error instanceof AuthenticationError ? '' : ' The next request for a token tries again.';
      this.events.logger.warn(`No token was obtained at startup: ${wordsOf(error)}${prospect}`);
    }
  }
}

export interface ConnectionParts {
  readonly name: string;
  readonly auth: FrameioAuth;
  readonly events: ConnectionEvents;
  readonly options: FrameioAuthModuleOptions;
  readonly routes: SignInRoutes | undefined;
}

/**
 * Describes an error in words that are safe to log. Errors of other packages may contain anything, and an error that
 * requires a user's action may contain an address for that user alone.
 */
export function wordsOf(error: unknown): string {
  if (error instanceof AuthenticationError) return `${error.errorDescription} (${error.code}).`;
  if (error instanceof FrameioAuthError) return error.message;
  return error instanceof Error ? `${error.name}.` : 'unknown.';
}
