/** Returns `length` cryptographically secure random bytes, for states, code verifiers and lease owners. */
export type Entropy = (length: number) => Uint8Array;

/** Bytes are fetched from the platform so many at a time: each fetch costs as much as a step of the machine. */
const POOL = new Uint8Array(1_024);
let used = POOL.length;

/** The platform's `crypto.getRandomValues()`. */
export const systemEntropy: Entropy = (length) => {
  if (length > POOL.length) return crypto.getRandomValues(new Uint8Array(length));
  if (used + length > POOL.length) {
    crypto.getRandomValues(POOL);
    used = 0;
  }
  const bytes = POOL.slice(used, used + length);
  POOL.fill(0, used, used + length); // They may become a code verifier, so nobody else can have them.
  used += length;
  return bytes;
};

/** `length` random bytes in base64url without padding, the alphabet of RFC 7636 §4.1. */
export function randomText(entropy: Entropy, length: number): string {
  const bytes = entropy(length);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** A random number in [0, 1), of 32 bits. */
export function randomFraction(entropy: Entropy): number {
  const bytes = entropy(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}
