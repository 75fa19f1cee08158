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
import type { FrameioUsers } from './frameio-users.js';
import { HttpClients } from './http-clients.js';
import { exceptionOf, type FrameioAuthException } from './http-exception.js';
import type { SignInRoutes } from './sign-in/sign-in-routes.js';

/** How long the start of the application waits for the tokens of one session, in milliseconds. */
const RESTORE_TIMEOUT = 5_000;

/** One connection to a server: its auth object and what the module does with it from the start to the end. */
export class Connection {
  readonly name: string;
  readonly auth: FrameioAuth;
  readonly events: ConnectionEvents;
  /** Where users sign in, if the module has them do it. */
  readonly routes: SignInRoutes | undefined;
  readonly #options: FrameioAuthModuleOptions;
  readonly #clients: HttpClients<FrameioTokenSource> | undefined;
  /** The sessions that are known by name, and not by who asks. */
  readonly #standing = new Set<FrameioTokenSource>();
  /** The sessions that are being let go of. */
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

  /** Who users are; `undefined` where only the application itself signs in. */
  get users(): FrameioUsers | undefined {
    if (!(this.auth instanceof WebAppAuth)) return undefined;
    const { users } = this.#options as { users?: FrameioUsers };
    if (users === undefined) {
      throw complaint(
        this.name,
        'users is missing, so nobody knows whose session a request wants. Set it to { identify(request) { … } }.',
      );
    }
    return users;
  }

  /** The storage that the application handed over. */
  get storage(): TokenStorage | undefined {
    return 'storage' in this.#options ? this.#options.storage : undefined;
  }

  /** The session with a key; the application's own, without one. */
  session(key?: string): FrameioTokenSource {
    const { auth } = this;
    if (key === undefined) return this.#own(auth);
    if (auth instanceof StaticTokenAuth) {
      throw complaint(this.name, 'forFeature() makes sessions by their keys, and a static token is a single one.');
    }
    return auth.session(key);
  }

  /** The session of a user whom a request is from. */
  async userSession(key: string): Promise<FrameioTokenSource> {
    const session = this.session(key);
    const leaving = this.#leaving.get(session);
    if (leaving === undefined) return session;
    // Until it has left it has the key, and turns everybody away as closed.
    await leaving;
    return this.session(key);
  }

  /**
   * Forgets a session that is over. Where signing in is the login, the next sign-in has another key, so each instance
   * that has met the session would keep it for good.
   */
  letGo(session: FrameioTokenSource): void {
    if (this.users?.admit === undefined || this.#standing.has(session) || this.#leaving.has(session)) return;
    // One whose last tokens could not be written stays, with the only copy of them.
    if (session instanceof StaticTokenAuth || session.snapshot.step === 'valid.unsaved') return;
    this.#leaving.set(
      session,
      session.close().catch((error: unknown) => {
        this.events.logger.warn(`A session that is over could not be closed: ${wordsOf(error)}`);
      }),
    );
  }

  /** The session with a key, to be restored at the start. */
  standingSession(key: string): FrameioTokenSource {
    const session = this.session(key);
    this.#standing.add(session);
    return session;
  }

  /** The HTTP client of a session. */
  client(session: FrameioTokenSource): unknown {
    if (this.#clients === undefined) {
      throw complaint(
        this.name,
        'http is missing, and an HTTP client is to be injected. Set it to (session) => authenticatedFetch(session), or the like.',
      );
    }
    return this.#clients.of(session);
  }

  /** What is injected as the connection's HTTP client. */
  get injectedClient(): unknown {
    if (this.auth instanceof WebAppAuth) return (key: string) => this.client(this.session(key));
    return this.client(this.session());
  }

  /** What a caller is told of an error. What callers are not told is logged. */
  exceptionOf(error: FrameioAuthError): FrameioAuthException {
    const exception = exceptionOf(error, this.routes?.login);
    if (exception.getStatus() >= 500) this.events.logger.error(error.message);
    return exception;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#options.restore === 'lazy') return;
    await Promise.all([...this.#standing].map((session) => this.#restore(session)));
  }

  /** When the server listens no more, so that requests that are under way still have their tokens. */
  async onApplicationShutdown(): Promise<void> {
    await this.#clients?.close();
    try {
      await this.auth.close();
    } catch (error) {
      this.events.logger.error(`Tokens could not be kept: ${wordsOf(error)}`);
    }
    try {
      await this.#options.onClosed?.();
    } catch (error) {
      // Nest would leave out what is still to end.
      this.events.logger.error(`onClosed failed: ${wordsOf(error)}`);
    }
  }

  /** What a test puts in the place of an auth object need have no sessions, and is one itself. */
  #own(auth: FrameioAuth): FrameioTokenSource {
    return auth instanceof ServerToServerAuth || auth instanceof WebAppAuth ? auth.session('default') : auth;
  }

  async #restore(session: FrameioTokenSource): Promise<void> {
    try {
      await session.getToken({ signal: AbortSignal.timeout(RESTORE_TIMEOUT) });
    } catch (error) {
      if (error instanceof ConfigurationError) throw complaint(this.name, error.message);
      // Nobody has signed in yet, which is no news at the start.
      if (error instanceof AuthenticationError && error.code === 'not_authenticated') return;
      // A session that is over stays so until somebody signs in.
      const prospect = error instanceof AuthenticationError ? '' : ' It is tried again when one is wanted.';
      this.events.logger.warn(`No token yet: ${wordsOf(error)}${prospect}`);
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
 * An error in words that may be logged. Those of others may hold anything, and where a user is to act may be an address
 * that is for this user alone.
 */
export function wordsOf(error: unknown): string {
  if (error instanceof AuthenticationError) return `${error.errorDescription} (${error.code}).`;
  if (error instanceof FrameioAuthError) return error.message;
  return error instanceof Error ? `${error.name}.` : 'unknown.';
}
