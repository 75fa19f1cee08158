/** Returns `length` random bytes, fit for cryptography: states, code verifiers and lease owners are made of them. */
export type Entropy = (length: number) => Uint8Array;

/** The platform's `crypto.getRandomValues()`. */
export const systemEntropy: Entropy = (length) => crypto.getRandomValues(new Uint8Array(length));

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
