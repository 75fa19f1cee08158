/** A request that the server refuses, in the words of RFC 6749 §5.2. Thrown by the rules, answered by the endpoints. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly error: string;
  readonly status: number;

  /** @param description - the `error_description`; never holds a secret */
  constructor(error: string, description: string, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}
