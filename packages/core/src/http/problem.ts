import {
  AuthenticationError,
  ConfigurationError,
  type FrameioAuthError,
  ProtocolError,
  RateLimitError,
  UserActionRequiredError,
} from '../kernel/errors.js';

/** What an application tells a program whose request got no token. It reveals no hosts, options or secrets. */
export interface Problem {
  readonly statusCode: number;
  /** The name of the status, such as `Unauthorized`. */
  readonly error: string;
  /** The reason, for programs: the `code` of the original error, such as `not_authenticated`. */
  readonly code: string;
  readonly message: string;
  /** The path of the sign-in, if the application has one. */
  readonly signIn?: string;
  /** The address where the user must act before signing in again. */
  readonly actionUrl?: string;
  /** How long to wait, in seconds, if the server said so. */
  readonly retryAfter?: number;
  /** The server's ID of its response, for its support. */
  readonly debugId?: string;
}

/**
 * For web frameworks: converts an error into what the sender of the request may see.
 *
 * | error | status |
 * | --- | --- |
 * | `AuthenticationError`, `TokenExpiredError`, `UserActionRequiredError` | 401 |
 * | `TransportError`, `StorageError`, `RateLimitError` | 503 |
 * | `ProtocolError` | 502 |
 * | `ConfigurationError` | 500 |
 *
 * @param signIn - the path of the sign-in
 */
export function problemOf(error: FrameioAuthError, signIn?: string): Problem {
  const { code } = error;
  if (error instanceof AuthenticationError) {
    const actionUrl = error instanceof UserActionRequiredError ? error.actionUrl : undefined;
    return {
      ...{ statusCode: 401, error: 'Unauthorized', code, message: error.errorDescription },
      ...(signIn !== undefined && { signIn }),
      ...(actionUrl !== undefined && { actionUrl }),
      ...debugIdOf(error),
    };
  }
  if (error instanceof ConfigurationError) {
    const message = 'This application is not configured correctly. Its log says what to change.';
    return { statusCode: 500, error: 'Internal Server Error', code, message };
  }
  if (error instanceof ProtocolError) {
    const message = 'The authorization server sent no usable response. Try again later.';
    return { statusCode: 502, error: 'Bad Gateway', code, message, ...debugIdOf(error) };
  }
  const retryAfter = error instanceof RateLimitError ? error.retryAfter : undefined;
  return {
    ...{ statusCode: 503, error: 'Service Unavailable', code },
    message: 'No access token is available at the moment. Try again later.',
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

function debugIdOf({ debugId }: { readonly debugId?: string }): { readonly debugId?: string } {
  return debugId === undefined ? {} : { debugId };
}
