import { AuthenticationError, FrameioAuthError, type KnownErrorCode } from '@frameio-auth/core';
import { type Problem, problemOf } from '@frameio-auth/core/adapter';

/** The response to a program when its request failed. It reveals no hosts, options or secrets. */
export type SignInProblem = Problem;

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
 * Converts an error into what the sender of the request sees: the {@link problemOf} it, or 403 for a request that the
 * application does not allow.
 *
 * @param login - the path of the sign-in
 */
export function signInProblemOf(error: FrameioAuthError, login: string): SignInProblem {
  if (!(error instanceof ForbiddenRequestError)) return problemOf(error, login);
  const { code, message, signIn } = error;
  return { statusCode: 403, error: 'Forbidden', code, message, ...(signIn && { signIn }) };
}
