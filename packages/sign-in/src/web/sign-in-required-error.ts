import { AuthenticationError } from '@frameio-auth/core';

/** The same symbol in every copy of this package. */
const BRAND = Symbol.for('@frameio-auth/sign-in SignInRequiredError');

/**
 * The user of a request has no usable token and must sign in.
 *
 * `instanceof` also recognises errors from another copy of this package. Next.js bundles one into each route.
 */
export class SignInRequiredError extends AuthenticationError {
  override readonly name = 'SignInRequiredError';
  readonly #response: Response;

  constructor({ code, message, errorDescription, debugId }: AuthenticationError, response: Response) {
    super(code, message, { errorDescription, debugId });
    this.#response = response;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  get [BRAND](): true {
    return true;
  }

  /** What to answer the request: a redirect to the sign-in for page loads, else 401 with JSON or a page. */
  get response(): Response {
    return this.#response;
  }

  /** Returns the same response. Hono answers with it. */
  getResponse(): Response {
    return this.#response;
  }
}
