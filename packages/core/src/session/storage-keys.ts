import type { ServerProfile } from '../protocol/server-profile.js';

/**
 * The names of all records that sessions keep in storage. Applications that share a storage do not meet in it, nor do
 * the sessions of one client with two servers.
 */
export interface StorageKeys {
  session(key: string): string;
  /** How the keys of all sessions begin. */
  readonly sessions: string;
  /** The session that a record is of, by the name of the record; `undefined` for a name that is none of these. */
  sessionOf(storageKey: string): string | undefined;
  /** The `state` is known to the browser, so the record that trusts it is filed under its hash. */
  authorization(state: string): Promise<string>;
  /** How long the server wants this client to wait, for all its sessions. */
  readonly coolDown: string;
  /** Which instance renews the sessions that nobody uses, and since when nobody needs to. */
  readonly keepAlive: string;
}

/**
 * @param scopes - for sessions that ask by their own credentials: a token of other scopes is another record, because
 *   it would not be the answer to what is asked
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

/** The hash of a text, in hexadecimal. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
