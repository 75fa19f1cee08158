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
import type { FrameioUsers } from './frameio-users.js';

/** What a connection's sessions are kept by: the auth object of its flow. */
export type FrameioAuth = ServerToServerAuth | WebAppAuth | StaticTokenAuth;

/** Whatever has a token: a session of a flow that renews, or a static token. */
export type FrameioTokenSource = TokenSession | StaticTokenAuth;

/** What every connection takes, besides the options of its flow. */
export interface ConnectionOptions<Session extends FrameioTokenSource> {
  /**
   * When the sessions that the module knows by itself get their tokens: that of the application, and those of
   * `forFeature()`. `'eager'`: when the application starts, which then fails if the client, its secret or its scopes are
   * refused; a server or a storage that does not answer is waited for 5 seconds, logged, and tried again when a token is
   * wanted. `'lazy'`: when one is wanted. Default: `'eager'`.
   */
  readonly restore?: 'eager' | 'lazy';
  /**
   * Makes the HTTP client that sends a session's token, such as `authenticatedFetch(session)`; what it returns is what
   * `@InjectFrameioHttp()` and `@FrameioHttp()` give. Called once for each session. A client that has `close()` is closed
   * at shutdown.
   */
  readonly http?: (session: Session) => unknown;
  /** Called at shutdown when all sessions are closed: the place to end what the storage or the transport stands on. */
  readonly onClosed?: () => unknown;
}

/** The application signs in as itself. */
export interface ServerToServerConnection extends ServerToServerAuthOptions, ConnectionOptions<TokenSession> {
  readonly flow: 'server-to-server';
}

/** The application's users sign in by a browser. */
export interface WebAppConnection extends WebAppAuthOptions, ConnectionOptions<UserSession> {
  readonly flow: 'web-app';
  /** Says who a request's user is; guard, decorators and sign-in need it. */
  readonly users?: FrameioUsers;
}

/** A token that the application already has, such as a developer token. */
export interface StaticTokenConnection extends StaticTokenAuthOptions, ConnectionOptions<StaticTokenAuth> {
  readonly flow: 'static';
  readonly token: string;
}

/** The options of a connection, by its flow. */
export type FrameioAuthModuleOptions = ServerToServerConnection | WebAppConnection | StaticTokenConnection;

/** What the module wants to hear from an auth object. */
export type SessionHandlers = Required<
  Pick<WebAppAuthOptions, 'onStateChange' | 'onTokenRefreshed' | 'onReauthenticationDue'>
>;

/**
 * Makes the auth object of a connection, which checks the flow's own options.
 *
 * @throws ConfigurationError that names the connection and the first option that cannot work
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

/** An option's error, with the connection that it is of. */
export function complaint(connection: string, message: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `FrameioAuthModule, connection "${connection}": ${message}`);
}

function checkOptions(options: FrameioAuthModuleOptions): void {
  if (typeof options !== 'object' || options === null) {
    refuse('the options are missing. Give them to forRoot(), or return them from the factory of forRootAsync().');
  }
  if (!['server-to-server', 'web-app', 'static'].includes(options.flow)) {
    refuse("flow is missing or unknown. Set it to 'server-to-server', 'web-app' or 'static'.");
  }
  const { restore = 'eager', http, onClosed } = options;
  if (restore !== 'eager' && restore !== 'lazy') refuse("restore must be 'eager' or 'lazy'.");
  if (http !== undefined && typeof http !== 'function') {
    refuse('http must be a function that makes a client: (session) => authenticatedFetch(session).');
  }
  if (onClosed !== undefined && typeof onClosed !== 'function') refuse('onClosed must be a function.');
  if (options.flow === 'web-app' && options.users !== undefined) checkUsers(options.users);
}

/** By whether there is `admit` the sign-in decides whose tokens are whose, so it must not be there by mistake. */
function checkUsers(users: FrameioUsers): void {
  if (typeof users?.identify !== 'function') {
    refuse('users must have identify(request): it returns the id of the user whom the request is from.');
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

/** The application's own handlers and the module's, both called, whichever throws. */
function both(own: Partial<SessionHandlers>, heard: SessionHandlers): SessionHandlers {
  return {
    onStateChange: inTurn(own.onStateChange, heard.onStateChange),
    onTokenRefreshed: inTurn(own.onTokenRefreshed, heard.onTokenRefreshed),
    onReauthenticationDue: inTurn(own.onReauthenticationDue, heard.onReauthenticationDue),
  };
}

/** What the first returns is passed on, because core looks after a promise that rejects. */
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
