import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Returns 256 random bits, in characters that an address and a header can carry. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares two tokens in a time that does not depend on how much of them is equal. */
export function isSameToken(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
