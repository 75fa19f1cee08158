import { Inject } from '@nestjs/common';

/** The name of the connection that is used if none is given. */
export const DEFAULT_CONNECTION = 'default';

// In the global registry, so that all copies of this package in an installation share their tokens.
const token = (...parts: string[]): symbol => Symbol.for(`@frameio-auth/nestjs ${JSON.stringify(parts)}`);

/** Returns the injection token of a connection's auth object. Default: of the connection without a name. */
export function getFrameioAuthToken(connection: string = DEFAULT_CONNECTION): symbol {
  return token('auth', connection);
}

/** Returns the injection token of a session that `forFeature()` registered. */
export function getFrameioSessionToken(key: string, connection: string = DEFAULT_CONNECTION): symbol {
  return token('session', connection, key);
}

/**
 * Returns the injection token of a connection's HTTP client. With a `key`: of the client of a session that
 * `forFeature()` registered.
 */
export function getFrameioHttpToken(connection: string = DEFAULT_CONNECTION, key?: string): symbol {
  return key === undefined ? token('http', connection) : token('http', connection, key);
}

/** Injects the auth object of the connection's flow: a `ServerToServerAuth`, `WebAppAuth` or `StaticTokenAuth`. */
export const InjectFrameioAuth = (connection?: string): ReturnType<typeof Inject> =>
  Inject(getFrameioAuthToken(connection));

/** Injects the session that `FrameioAuthModule.forFeature([key], connection)` registered. */
export const InjectFrameioSession = (key: string, connection?: string): ReturnType<typeof Inject> =>
  Inject(getFrameioSessionToken(key, connection));

/**
 * Injects the HTTP client that the option `http` created for the application's own session, or, with a `key`, for a
 * session of `forFeature()`. If users sign in, the connection has no session of its own. Then it injects a function
 * that takes a user's key and returns the client.
 */
export const InjectFrameioHttp = (connection?: string, key?: string): ReturnType<typeof Inject> =>
  Inject(getFrameioHttpToken(connection, key));

/** Returns the injection token of the connection itself, for the providers of this package. */
export function connectionToken(connection: string): symbol {
  return token('connection', connection);
}

/** The injection token of a connection's options, in the module of that connection. */
export const CONNECTION_OPTIONS: symbol = token('options');
