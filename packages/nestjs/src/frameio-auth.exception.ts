import { STATUS_CODES } from 'node:http';
import type { FrameioAuthError, KnownErrorCode } from '@frameio-auth/core';
import { type Problem, problemOf } from '@frameio-auth/core/adapter';
import { HttpException, HttpStatus } from '@nestjs/common';

/** The response body for a request that gets no token, in the format of Nest's own exceptions. */
export type FrameioAuthProblem = Problem;

/** Represents an error of these packages as an HTTP response. It reveals no hosts, options or secrets. */
export class FrameioAuthException extends HttpException {
  readonly code: string;
  /** Headers to set on the response. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: FrameioAuthProblem, headers: Readonly<Record<string, string>> = {}) {
    super(problem, problem.statusCode);
    this.message = problem.message;
    this.code = problem.code;
    this.headers = headers;
  }

  /**
   * Converts an error into the response that {@link exceptionOf} describes. For the application's own filters, which
   * log the details.
   */
  static of(error: FrameioAuthError): FrameioAuthException {
    return exceptionOf(error);
  }

  override getResponse(): FrameioAuthProblem {
    return super.getResponse() as FrameioAuthProblem;
  }
}

/**
 * Converts an error into the exception that a caller of the application sees: the {@link problemOf} it, with
 * `Retry-After` where the server named a time.
 *
 * @param signIn - the path of the sign-in
 */
export function exceptionOf(error: FrameioAuthError, signIn?: string): FrameioAuthException {
  const problem = problemOf(error, signIn);
  const { retryAfter } = problem;
  return new FrameioAuthException(problem, retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) });
}

/** Creates a 403 response for a request that the application itself does not allow. */
export function forbidden(code: KnownErrorCode, message: string): FrameioAuthException {
  return new FrameioAuthException({ ...statusOf(HttpStatus.FORBIDDEN), code, message });
}

/**
 * Asks a signed-in user to confirm a new sign-in that no page of the application requested.
 *
 * @param signIn - where a page of the application sends the user to confirm
 */
export function confirmationRequired(signIn: string): FrameioAuthException {
  const message =
    'No sign-in was started: the user is known already, and another site sent the request. Ask the user to confirm: show a link to `signIn` on a page of this application.';
  return new FrameioAuthException(
    { ...statusOf(HttpStatus.FORBIDDEN), code: 'confirmation_required', message, signIn },
    // In browsers without `Sec-Fetch-Site`, `Referer` identifies the page.
    { 'Referrer-Policy': 'same-origin' },
  );
}

/** Creates a redirect as an exception, for places that cannot respond in another way. */
export function redirectTo(location: string, code: string): FrameioAuthException {
  const message = 'No user is signed in. Sign in first.';
  return new FrameioAuthException(
    { ...statusOf(HttpStatus.SEE_OTHER), code, message, signIn: location },
    { Location: location, 'Cache-Control': 'no-store' },
  );
}

function statusOf(statusCode: HttpStatus): { statusCode: number; error: string } {
  return { statusCode, error: STATUS_CODES[statusCode] as string };
}
