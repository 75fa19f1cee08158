import { AuthenticationError } from '@frameio-auth/core';

/** The user of a request has no usable token and must sign in. */
export class SignInRequiredError extends AuthenticationError {
  override readonly name = 'SignInRequiredError';
  readonly #response: Response;

  constructor({ code, message, errorDescription, debugId }: AuthenticationError, response: Response) {
    super(code, message, { errorDescription, debugId });
    this.#response = response;
  }

  /** What to answer the request: a redirect to the sign-in for page loads, else 401 with a {@link SignInProblem}. */
  get response(): Response {
    return this.#response;
  }

  /** Returns the same response. Hono answers with it. */
  getResponse(): Response {
    return this.#response;
  }
}
