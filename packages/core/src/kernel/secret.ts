/**
 * A string that must not be seen. Printing, logging, inspecting, spreading or serializing it shows `[secret]`;
 * only {@link Secret.reveal} gives the string, so that each place that uses one can be found by that word.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/** Replaces each of `secrets` in a text that came from outside, such as an error description that echoes a token. */
export function redact(text: string, secrets: Iterable<string>): string {
  let clean = text;
  // The longest first: a secret that begins another one would leave the rest of it standing.
  for (const secret of [...secrets].sort((one, other) => other.length - one.length)) {
    if (secret === '') continue;
    clean = clean.replaceAll(secret, '[secret]').replaceAll(encodeURIComponent(secret), '[secret]');
  }
  return clean;
}
