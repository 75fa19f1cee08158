import {
  AuthenticationError,
  ConfigurationError,
  FrameioAuthError,
  type KnownErrorCode,
  ProtocolError,
  RateLimitError,
  UserActionRequiredError,
} from '@frameio-auth/core';

/** The response to a program whose request failed. It reveals no hosts, options or secrets. */
export interface SignInProblem {
  readonly statusCode: number;
  /** The name of the status, such as `Unauthorized`. */
  readonly error: string;
  /** The reason, for programs: the `code` of the original error, such as `not_authenticated`. */
  readonly code: string;
  readonly message: string;
  /** The path of the sign-in. */
  readonly signIn?: string;
  /** The address where the user must act before signing in again. */
  readonly actionUrl?: string;
  /** How long to wait, in seconds, if the server said so. */
  readonly retryAfter?: number;
  /** The server's ID of its response, for its support. */
  readonly debugId?: string;
}

const STATUS_NAMES = {
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
} as const;

/** A request that the application itself does not allow. */
export class ForbiddenRequestError extends FrameioAuthError {
  override readonly name = 'ForbiddenRequestError';
  /** Where a page of the application sends the user to confirm. */
  declare readonly signIn?: string;

  constructor(code: KnownErrorCode, message: string, signIn?: string) {
    super(code, message);
    if (signIn !== undefined) this.signIn = signIn;
  }
}

/** Creates the error for a browser that has no user or session, or not the right one. */
export function authenticationError(code: KnownErrorCode, message: string): AuthenticationError {
  return new AuthenticationError(code, message, { errorDescription: message });
}

/**
 * Converts an error into what the sender of the request sees:
 *
 * | error | status |
 * | --- | --- |
 * | `AuthenticationError`, `TokenExpiredError`, `UserActionRequiredError` | 401 |
 * | a request that the application does not allow | 403 |
 * | `TransportError`, `StorageError`, `RateLimitError` | 503 |
 * | `ProtocolError` | 502 |
 * | `ConfigurationError` | 500 |
 *
 * @param login - the path of the sign-in
 */
export function problemOf(error: FrameioAuthError, login: string): SignInProblem {
  const { code } = error;
  if (error instanceof AuthenticationError) {
    return {
      ...status(401),
      code,
      message: error.errorDescription,
      signIn: login,
      ...(error instanceof UserActionRequiredError && error.actionUrl && { actionUrl: error.actionUrl }),
      ...(error.debugId !== undefined && { debugId: error.debugId }),
    };
  }
  if (error instanceof ForbiddenRequestError) {
    return { ...status(403), code, message: error.message, ...(error.signIn && { signIn: error.signIn }) };
  }
  if (error instanceof ConfigurationError) {
    return {
      ...status(500),
      code,
      message: 'This application is not configured correctly. Its log says what to change.',
    };
  }
  if (error instanceof ProtocolError) {
    const message = 'The authorization server sent no usable response. Try again later.';
    return { ...status(502), code, message, ...(error.debugId !== undefined && { debugId: error.debugId }) };
  }
  const retryAfter = error instanceof RateLimitError ? error.retryAfter : undefined;
  const message = 'No access token is available at the moment. Try again later.';
  return { ...status(503), code, message, ...(retryAfter !== undefined && { retryAfter }) };
}

function status(statusCode: keyof typeof STATUS_NAMES): { statusCode: number; error: string } {
  return { statusCode, error: STATUS_NAMES[statusCode] };
}
