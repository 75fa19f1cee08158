import { STATUS_CODES } from 'node:http';
import {
  AuthenticationError,
  ConfigurationError,
  type FrameioAuthError,
  type KnownErrorCode,
  ProtocolError,
  RateLimitError,
  UserActionRequiredError,
} from '@frameio-auth/core';
import { HttpException, HttpStatus } from '@nestjs/common';

/** The body of an answer to a request that gets no token, in the form of Nest's own. */
export interface FrameioAuthProblem {
  readonly statusCode: number;
  /** The name of the status, such as `Unauthorized`. */
  readonly error: string;
  /** Why, for a program to compare: the `code` of the error that it was, such as `not_authenticated`. */
  readonly code: string;
  readonly message: string;
  /** Where to sign in, where the module has a sign-in. */
  readonly signIn?: string;
  /** Where the user must act before signing in again. */
  readonly actionUrl?: string;
  /** Seconds to wait, if the server said how long. */
  readonly retryAfter?: number;
  /** The server's name for its answer, for its support. */
  readonly debugId?: string;
}

/** An error of the packages as an HTTP answer. It says nothing of hosts, options or secrets. */
export class FrameioAuthException extends HttpException {
  readonly code: string;
  /** Headers that belong to the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: FrameioAuthProblem, headers: Readonly<Record<string, string>> = {}) {
    super(problem, problem.statusCode);
    this.message = problem.message;
    this.code = problem.code;
    this.headers = headers;
  }

  /** What a caller is told of an error, as {@link exceptionOf} has it: for filters of the application's own, which log the rest. */
  static of(error: FrameioAuthError): FrameioAuthException {
    return exceptionOf(error);
  }

  override getResponse(): FrameioAuthProblem {
    return super.getResponse() as FrameioAuthProblem;
  }
}

/**
 * What a caller of the application is told of an error:
 *
 * | error | status |
 * | --- | --- |
 * | `AuthenticationError`, `TokenExpiredError`, `UserActionRequiredError` | 401 |
 * | `TransportError`, `StorageError`, `RateLimitError` (with `Retry-After`) | 503 |
 * | `ProtocolError` | 502 |
 * | `ConfigurationError` | 500 |
 *
 * @param signIn - the path of the sign-in
 */
export function exceptionOf(error: FrameioAuthError, signIn?: string): FrameioAuthException {
  const { code } = error;
  if (error instanceof AuthenticationError) {
    const actionUrl = error instanceof UserActionRequiredError ? error.actionUrl : undefined;
    const { errorDescription, debugId } = error;
    return new FrameioAuthException({
      ...statusOf(HttpStatus.UNAUTHORIZED),
      code,
      message: errorDescription,
      ...(signIn !== undefined && { signIn }),
      ...(actionUrl !== undefined && { actionUrl }),
      ...(debugId !== undefined && { debugId }),
    });
  }
  if (error instanceof ConfigurationError) {
    const message = 'The application is not configured correctly.';
    return new FrameioAuthException({ ...statusOf(HttpStatus.INTERNAL_SERVER_ERROR), code, message });
  }
  if (error instanceof ProtocolError) {
    const message = 'The authorization server gave no usable answer. Try again later.';
    const { debugId } = error;
    return new FrameioAuthException({
      ...statusOf(HttpStatus.BAD_GATEWAY),
      code,
      message,
      ...(debugId !== undefined && { debugId }),
    });
  }
  const retryAfter = error instanceof RateLimitError ? error.retryAfter : undefined;
  return new FrameioAuthException(
    {
      ...statusOf(HttpStatus.SERVICE_UNAVAILABLE),
      code,
      message: 'No token can be had at the moment. Try again later.',
      ...(retryAfter !== undefined && { retryAfter }),
    },
    retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) },
  );
}

/** The refusal of a request that the application itself does not allow. */
export function forbidden(code: KnownErrorCode, message: string): FrameioAuthException {
  return new FrameioAuthException({ ...statusOf(HttpStatus.FORBIDDEN), code, message });
}

/**
 * The question to a user who is signed in whether to sign in again, where no page of the application asked for it.
 *
 * @param signIn - where a page of the application sends the user who wants it
 */
export function confirmationRequired(signIn: string): FrameioAuthException {
  const message = 'No page of this application asked for this sign-in. Let its user confirm it.';
  return new FrameioAuthException(
    { ...statusOf(HttpStatus.FORBIDDEN), code: 'confirmation_required', message, signIn },
    // Of browsers without `Sec-Fetch-Site`, the page is known by `Referer`.
    { 'Referrer-Policy': 'same-origin' },
  );
}

/** A redirect as an exception, for where nothing else can answer. */
export function redirectTo(location: string, code: string): FrameioAuthException {
  const message = 'Sign in first.';
  return new FrameioAuthException(
    { ...statusOf(HttpStatus.SEE_OTHER), code, message, signIn: location },
    { Location: location, 'Cache-Control': 'no-store' },
  );
}

function statusOf(statusCode: HttpStatus): { statusCode: number; error: string } {
  return { statusCode, error: STATUS_CODES[statusCode] as string };
}
