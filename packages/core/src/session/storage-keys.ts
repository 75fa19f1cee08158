import type { ServerProfile } from '../protocol/server-profile.js';

/**
 * The keys of all records of an auth object. Applications that share a storage use different keys, and so do the
 * sessions of one client with two servers.
 */
export interface StorageKeys {
  session(key: string): string;
  /** The prefix of the keys of all sessions. */
  readonly sessions: string;
  /** Returns the session key for a storage key; `undefined` if it is not the key of a session's record. */
  sessionOf(storageKey: string): string | undefined;
  /**
   * Returns the key of a pending sign-in. It is a hash of the `state`, because the browser knows the `state` itself.
   */
  authorization(state: string): Promise<string>;
  /** The record of the server's `Retry-After`, for all sessions of this client. */
  readonly coolDown: string;
  /** The record of the keep-alive: which instance runs it, and when it last finished. */
  readonly keepAlive: string;
}

/**
 * @param scopes - for sessions with client credentials. Tokens of other scopes are another record, because they do not
 * satisfy the request
 */
export function storageKeys(profile: ServerProfile, clientId: string, scopes?: readonly string[]): StorageKeys {
  const prefix = [profile.issuer, clientId].map(encodeURIComponent).join('/');
  const asked = scopes === undefined ? '' : `/${[...scopes].sort().map(encodeURIComponent).join('+')}`;
  const sessions = `${prefix}/session/`;
  return {
    session: (key) => `${sessions}${encodeURIComponent(key)}${asked}`,
    sessions,
    sessionOf(storageKey) {
      const name = storageKey.slice(sessions.length);
      try {
        const key = decodeURIComponent(name);
        return storageKey.startsWith(sessions) && encodeURIComponent(key) === name ? key : undefined;
      } catch {
        return undefined;
      }
    },
    authorization: async (state) => `${prefix}/authorization/${await sha256(state)}`,
    coolDown: `${prefix}/cool-down`,
    keepAlive: `${prefix}/keep-alive`,
  };
}

/** Returns the SHA-256 hash of a text, in hexadecimal. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
