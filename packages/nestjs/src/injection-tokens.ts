import { Inject } from '@nestjs/common';

/** The name of the connection that is meant where none is named. */
export const DEFAULT_CONNECTION = 'default';

// Of the global registry, so that a token is the same in every copy of this package that an installation may have.
const token = (...parts: string[]): symbol => Symbol.for(`@frameio-auth/nestjs ${JSON.stringify(parts)}`);

/** The token of a connection's auth object. Default: of the connection without a name. */
export function getFrameioAuthToken(connection: string = DEFAULT_CONNECTION): symbol {
  return token('auth', connection);
}

/** The token of a session that `forFeature()` made. */
export function getFrameioSessionToken(key: string, connection: string = DEFAULT_CONNECTION): symbol {
  return token('session', connection, key);
}

/** The token of the HTTP client of a connection, or of a session that `forFeature()` made, if its key is given. */
export function getFrameioHttpToken(connection: string = DEFAULT_CONNECTION, key?: string): symbol {
  return key === undefined ? token('http', connection) : token('http', connection, key);
}

/** Injects the auth object: a `ServerToServerAuth`, `WebAppAuth` or `StaticTokenAuth`, as the connection's flow is. */
export const InjectFrameioAuth = (connection?: string): ReturnType<typeof Inject> =>
  Inject(getFrameioAuthToken(connection));

/** Injects the session that `FrameioAuthModule.forFeature([key], connection)` made. */
export const InjectFrameioSession = (key: string, connection?: string): ReturnType<typeof Inject> =>
  Inject(getFrameioSessionToken(key, connection));

/**
 * Injects the HTTP client that the option `http` made for the application's own session, or, with a `key`, for that of
 * `forFeature()`. Where users sign in, a connection has no session of its own: there it is a function that takes a
 * user's key and returns the client.
 */
export const InjectFrameioHttp = (connection?: string, key?: string): ReturnType<typeof Inject> =>
  Inject(getFrameioHttpToken(connection, key));

/** The token of a connection itself, for what this package provides. */
export function connectionToken(connection: string): symbol {
  return token('connection', connection);
}

/** The token of a connection's options, in the module of that connection. */
export const CONNECTION_OPTIONS: symbol = token('options');
