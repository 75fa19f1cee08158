import { createHash } from 'node:crypto';

/** Returns a name for a token that does not reveal it: the first four hexadecimal digits of its SHA-256. */
export function fingerprint(token: string | undefined): string {
  return createHash('sha256')
    .update(token ?? '')
    .digest('hex')
    .slice(0, 4);
}
