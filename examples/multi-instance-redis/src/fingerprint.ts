import { createHash } from 'node:crypto';

/** A name for a token that gives nothing of it away: the first four hexadecimal digits of its SHA-256. */
export function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 4);
}
