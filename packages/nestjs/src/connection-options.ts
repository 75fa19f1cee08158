import {
  ConfigurationError,
  ServerToServerAuth,
  type ServerToServerAuthOptions,
  StaticTokenAuth,
  type StaticTokenAuthOptions,
  type TokenSession,
  type UserSession,
  WebAppAuth,
  type WebAppAuthOptions,
} from '@frameio-auth/core';
import type { FrameioUsers } from './frameio-users.interface.js';

/** The auth object of a connection's flow, which holds its sessions. */
export type FrameioAuth = ServerToServerAuth | WebAppAuth | StaticTokenAuth;

/** Any source of tokens: a session that refreshes, or a static token. */
export type FrameioTokenSource = TokenSession | StaticTokenAuth;

/** The options that every connection takes, besides those of its flow. */
export interface ConnectionOptions<Session extends FrameioTokenSource> {
  /**
   * When to load the tokens of the sessions that the module knows at startup: the application's own, and those of
   * `forFeature()`. Default: `'eager'`.
   *
   * - `'eager'`: when the application starts. Startup fails if the client, its secret or its scopes are rejected. If
   *   the server or the storage does not respond within 5 seconds, that is logged, and the next request for a token
   *   tries again.
   * - `'lazy'`: when a token is first requested.
   */
  readonly restore?: 'eager' | 'lazy';
  /**
   * Creates the HTTP client that sends a session's token, for example `authenticatedFetch(session)`.
   * `@InjectFrameioHttp()` and `@FrameioHttp()` provide its result. Called once per session. A client that has a
   * `close()` method is closed at shutdown.
   */
  readonly http?: (session: Session) => unknown;
  /**
   * Called at shutdown after all sessions have closed. Close the resources that the storage or the transport uses here.
   */
  readonly onClosed?: () => unknown;
}

/** Configures a connection on which the application signs in as itself. */
export interface ServerToServerConnection extends ServerToServerAuthOptions, ConnectionOptions<TokenSession> {
  readonly flow: 'server-to-server';
}

/** Configures a connection on which the application's users sign in with a browser. */
export interface WebAppConnection extends WebAppAuthOptions, ConnectionOptions<UserSession> {
  readonly flow: 'web-app';
  /** Identifies the user of a request. Required by the guard, the decorators and the sign-in. */
  readonly users?: FrameioUsers;
}

/** Configures a connection with a token that the application already has, such as a developer token. */
export interface StaticTokenConnection extends StaticTokenAuthOptions, ConnectionOptions<StaticTokenAuth> {
  readonly flow: 'static';
  readonly token: string;
}

/** The options of a connection, discriminated by `flow`. */
export type FrameioAuthModuleOptions = ServerToServerConnection | WebAppConnection | StaticTokenConnection;

/** The callbacks of an auth object that the module uses. */
export type SessionHandlers = Required<
  Pick<WebAppAuthOptions, 'onStateChange' | 'onTokenRefreshed' | 'onReauthenticationDue'>
>;

/**
 * Creates the auth object of a connection, which validates the flow's own options.
 *
 * @throws ConfigurationError that names the connection and the first invalid option
 */
export function authOf(connection: string, options: FrameioAuthModuleOptions, heard: SessionHandlers): FrameioAuth {
  try {
    checkOptions(options);
    switch (options.flow) {
      case 'server-to-server':
        return new ServerToServerAuth({ ...options, ...both(options, heard) });
      case 'web-app':
        return new WebAppAuth({ ...options, ...both(options, heard) });
      case 'static':
        return new StaticTokenAuth(options.token, options);
    }
  } catch (error) {
    throw error instanceof ConfigurationError ? complaint(connection, error.message) : error;
  }
}

/** Creates a `ConfigurationError` for an option that names its connection. */
export function complaint(connection: string, message: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `FrameioAuthModule, connection "${connection}": ${message}`);
}

function checkOptions(options: FrameioAuthModuleOptions): void {
  if (typeof options !== 'object' || options === null) {
    refuse('the options are missing. Pass them to forRoot(), or return them from the factory of forRootAsync().');
  }
  if (!['server-to-server', 'web-app', 'static'].includes(options.flow)) {
    refuse("flow is missing or unknown. Set it to 'server-to-server', 'web-app' or 'static'.");
  }
  const { restore = 'eager', http, onClosed } = options;
  if (restore !== 'eager' && restore !== 'lazy')
    refuse("restore is neither 'eager' nor 'lazy'. Set it to one of them, or leave it out.");
  if (http !== undefined && typeof http !== 'function') {
    refuse('http is not a function. Set it to one that creates a client: (session) => authenticatedFetch(session).');
  }
  if (onClosed !== undefined && typeof onClosed !== 'function')
    refuse('onClosed is not a function. Set it to one, or leave it out.');
  if (options.flow === 'web-app' && options.users !== undefined) checkUsers(options.users);
}

/** The presence of `admit` decides which user the tokens of a sign-in belong to, so it must not be there by mistake. */
function checkUsers(users: FrameioUsers): void {
  if (typeof users?.identify !== 'function') {
    refuse('users has no method identify(request). Add it: it returns the ID of the user that a request belongs to.');
  }
  for (const name of ['identifyMessage', 'admit', 'dismiss'] as const) {
    if (users[name] !== undefined && typeof users[name] !== 'function') {
      refuse(`users.${name} must be a function. Leave it out if there is nothing for it to do.`);
    }
  }
}

function refuse(message: string): never {
  throw new ConfigurationError('invalid_option', message);
}

/** Calls the application's handlers and the module's, even if one of them throws. */
function both(own: Partial<SessionHandlers>, heard: SessionHandlers): SessionHandlers {
  return {
    onStateChange: inTurn(own.onStateChange, heard.onStateChange),
    onTokenRefreshed: inTurn(own.onTokenRefreshed, heard.onTokenRefreshed),
    onReauthenticationDue: inTurn(own.onReauthenticationDue, heard.onReauthenticationDue),
  };
}

/** Returns what the first handler returns, because core handles promises that reject. */
function inTurn<Args extends unknown[]>(
  first: ((...args: Args) => unknown) | undefined,
  second: (...args: Args) => unknown,
) {
  return (...args: Args): unknown => {
    try {
      return first?.(...args);
    } finally {
      second(...args);
    }
  };
}
