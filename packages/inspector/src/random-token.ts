import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits, in letters that an address and a header can carry. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether the two are the same, in a time that does not tell how much of them is. */
export function isSameToken(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
