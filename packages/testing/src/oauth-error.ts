/**
 * A rejected request, in the terms of RFC 6749 §5.2. The rules throw it, and the endpoints convert it into a response.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly error: string;
  readonly status: number;

  /**
   * @param description - the `error_description`; never contains a secret
   */
  constructor(error: string, description: string, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}
