import type { Secret } from '../kernel/secret.js';
import { parseJsonObject } from './json-object.js';

/**
 * Returns whether two ID tokens name different users (OpenID Connect Core §2). They came from the server itself, so
 * their signatures are not verified (§3.1.3.7). An unreadable token names no user.
 */
export function areOfDifferentUsers(one: Secret | undefined, other: Secret | undefined): boolean {
  const [user, otherUser] = [one, other].map((idToken) => idToken && claimsOf(idToken.reveal())?.['sub']);
  return typeof user === 'string' && typeof otherUser === 'string' && user !== otherUser;
}

/** Returns the claims of a signed JWT (RFC 7515 §7.1); `undefined` for anything else. Its signature is not verified. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload = '', , ...more] = token.split('.');
  if (more.length > 0) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (byte) =>
      byte.charCodeAt(0),
    );
    return parseJsonObject(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
