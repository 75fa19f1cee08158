import * as oauth from 'oauth4webapi';
import type { Redactor } from '../kernel/redaction.js';
import { scopeList } from '../kernel/scope-list.js';
import { Secret } from '../kernel/secret.js';
import { isToken } from '../kernel/token-set.js';
import { parseJsonObject } from './json-object.js';
import { splitScopes } from './scope.js';
import type { ServerProfile } from './server-profile.js';

/** What a token endpoint granted (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly accessToken: Secret;
  /** Absent if the server sent none; after a refresh the old one is then still valid (RFC 6749 §6). */
  readonly refreshToken?: Secret;
  /** Unverified, as the server sent it; absent also if it cannot be one. */
  readonly idToken?: Secret;
  /** The lifetime of the access token, in whole seconds from the request; 0 or more; `null` if the server gave none. */
  readonly expiresIn: number | null;
  /** The granted scopes; absent if the server does not name them, and then they are the requested ones. */
  readonly scopes?: readonly string[];
}

/** About 68 years, in seconds. Longer lifetimes would yield dates that no clock has. */
const LONGEST_LIFETIME = 2 ** 31 - 1;

/**
 * Parses the body of a 2xx; returns `undefined` if it grants nothing usable.
 *
 * The old refresh token may be spent, so this may be the only copy of the new pair. Everything that accompanies the
 * tokens (lifetime, scope, ID token) is therefore parsed leniently, and never invalidates them.
 *
 * @param redact - removes the secrets of the request
 */
export async function readTokenResponse(
  profile: ServerProfile,
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  text: string,
  redact: Redactor,
): Promise<TokenResponse | undefined> {
  const members = parseJsonObject(text);
  if (members === undefined) return undefined;
  const { access_token, token_type, refresh_token, id_token, expires_in, scope } = members;

  const tokens = await processTokens(server, client, {
    access_token,
    // Adobe's enterprise responses and OpenAuth omit the type, although RFC 6749 §5.1 requires it: a bearer token.
    token_type: isAbsent(token_type) ? 'bearer' : token_type,
    // Some servers send an empty or `null` member instead of omitting it.
    ...(!isAbsent(refresh_token) && { refresh_token }),
  });
  if (tokens === undefined || tokens.token_type !== 'bearer') return undefined;
  if (![tokens.access_token, tokens.refresh_token ?? '-'].every(isToken)) return undefined;

  const scopes = typeof scope === 'string' ? scopeList(splitScopes(scope, profile.scopeSeparator), redact) : [];
  return {
    accessToken: new Secret(tokens.access_token),
    ...(tokens.refresh_token !== undefined && { refreshToken: new Secret(tokens.refresh_token) }),
    ...(isToken(id_token) && { idToken: new Secret(id_token) }),
    expiresIn: lifetimeOf(expires_in),
    ...(scopes.length > 0 && { scopes }),
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** Has oauth4webapi validate the tokens. It does not get the ID token, which it would validate too. */
async function processTokens(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  members: object,
): Promise<oauth.TokenEndpointResponse | undefined> {
  try {
    // Some browsers in use lack `Response.json()`.
    const headers = { 'content-type': 'application/json' };
    const response = new Response(JSON.stringify(members), { headers });
    return await oauth.processGenericTokenEndpointResponse(server, client, response);
  } catch {
    // Its errors hold the tokens as their `cause`, so they must not be passed on.
    return undefined;
  }
}

/** Parses a number of seconds, which some servers send as text. A negative lifetime becomes 0. */
function lifetimeOf(value: unknown): number | null {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return null;
  return Math.floor(Math.min(Math.max(seconds, 0), LONGEST_LIFETIME));
}
