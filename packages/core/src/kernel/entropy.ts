/** Returns `length` cryptographically secure random bytes, for states, code verifiers and lease owners. */
export type Entropy = (length: number) => Uint8Array;

/**
 * The pool of random bytes, filled at once, because each call of the platform costs as much as a transition of the
 * machine.
 */
const POOL = new Uint8Array(1_024);
let used = POOL.length;

/** Returns random bytes from the platform's `crypto.getRandomValues()`. */
export const systemEntropy: Entropy = (length) => {
  if (length > POOL.length) return crypto.getRandomValues(new Uint8Array(length));
  if (used + length > POOL.length) {
    crypto.getRandomValues(POOL);
    used = 0;
  }
  const bytes = POOL.slice(used, used + length);
  POOL.fill(0, used, used + length); // Clear them, because they may become a code verifier.
  used += length;
  return bytes;
};

/** Returns `length` random bytes in base64url without padding, the alphabet of RFC 7636 §4.1. */
export function randomText(entropy: Entropy, length: number): string {
  const bytes = entropy(length);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Returns a random number in [0, 1), of 32 bits. */
export function randomFraction(entropy: Entropy): number {
  const bytes = entropy(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}
