import type { ServerProfile } from '../protocol/server-profile.js';

/**
 * The names of all records that sessions keep in storage. Applications that share a storage do not meet in it, nor do
 * the sessions of one client with two servers.
 */
export interface StorageKeys {
  session(key: string): string;
  /** The `state` is known to the browser, so the record that trusts it is filed under its hash. */
  authorization(state: string): Promise<string>;
  /** How long the server wants this client to wait, for all its sessions. */
  readonly coolDown: string;
}

/**
 * @param scopes - for sessions that ask by their own credentials: a token of other scopes is another record, because
 *   it would not be the answer to what is asked
 */
export function storageKeys(profile: ServerProfile, clientId: string, scopes?: readonly string[]): StorageKeys {
  const prefix = [profile.issuer, clientId].map(encodeURIComponent).join('/');
  const asked = scopes === undefined ? '' : `/${[...scopes].sort().map(encodeURIComponent).join('+')}`;
  return {
    session: (key) => `${prefix}/session/${encodeURIComponent(key)}${asked}`,
    authorization: async (state) => `${prefix}/authorization/${await sha256(state)}`,
    coolDown: `${prefix}/cool-down`,
  };
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
