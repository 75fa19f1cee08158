import * as oauth from 'oauth4webapi';
import type { Cleaner } from '../kernel/foreign-text.js';
import { scopeList } from '../kernel/scope-list.js';
import { Secret } from '../kernel/secret.js';
import { isToken } from '../kernel/token-set.js';
import { parseJsonObject } from './json-object.js';
import { splitScopes } from './scope.js';
import type { ServerProfile } from './server-profile.js';

/** What a token endpoint granted (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly accessToken: Secret;
  /** Absent when the server sent none; after a refresh the old one is then still good (RFC 6749 §6). */
  readonly refreshToken?: Secret;
  /** As it came; nobody has read it. Absent also when it cannot be one. */
  readonly idToken?: Secret;
  /** How long the access token lives, in whole seconds from the request; 0 or more; `null` when not said. */
  readonly expiresIn: number | null;
  /** The scopes granted; absent when the server does not name them, and then they are those asked for. */
  readonly scopes?: readonly string[];
}

/** Some 68 years. Longer ones would end in dates that no clock has. */
const LONGEST_LIFETIME = 2 ** 31 - 1;

/**
 * Reads the body of a 2xx; `undefined` when it grants nothing that could be used.
 *
 * A token pair may exist once only, since the old refresh token may be spent: what merely accompanies the tokens
 * (lifetime, scope, id token) is read with tolerance, and never costs the pair.
 *
 * @param clean - takes out the secrets that the request had
 */
export async function readTokenResponse(
  profile: ServerProfile,
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  text: string,
  clean: Cleaner,
): Promise<TokenResponse | undefined> {
  const members = parseJsonObject(text);
  if (members === undefined) return undefined;
  const { access_token, token_type, refresh_token, id_token, expires_in, scope } = members;

  const tokens = await processTokens(server, client, {
    access_token,
    // Adobe's enterprise answers and OpenAuth leave the type out, although RFC 6749 §5.1 demands it: a bearer token.
    token_type: isAbsent(token_type) ? 'bearer' : token_type,
    // Not all servers leave out what they do not send.
    ...(!isAbsent(refresh_token) && { refresh_token }),
  });
  if (tokens === undefined || tokens.token_type !== 'bearer') return undefined;
  if (![tokens.access_token, tokens.refresh_token ?? '-'].every(isToken)) return undefined;

  const scopes = typeof scope === 'string' ? scopeList(splitScopes(scope, profile.scopeSeparator), clean) : [];
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

/** oauth4webapi's judgement of the tokens. It would also validate an id token, so it is not shown one. */
async function processTokens(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  members: object,
): Promise<oauth.TokenEndpointResponse | undefined> {
  try {
    // `Response.json()` is younger than browsers that are in use.
    const headers = { 'content-type': 'application/json' };
    const response = new Response(JSON.stringify(members), { headers });
    return await oauth.processGenericTokenEndpointResponse(server, client, response);
  } catch {
    // Its errors hold the tokens as their `cause`, so that nothing of them may be passed on.
    return undefined;
  }
}

/** A number of seconds, which some servers send as text; a lifetime that is over has none left. */
function lifetimeOf(value: unknown): number | null {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return null;
  return Math.floor(Math.min(Math.max(seconds, 0), LONGEST_LIFETIME));
}
