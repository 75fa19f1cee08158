import { AuthenticationError, ConfigurationError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import type { Secret } from '../kernel/secret.js';
import { type TokenFacts, type TokenSet, tokenSet } from '../kernel/token-set.js';
import type { AuthorizationClient } from '../protocol/authorization-client.js';
import type { TokenReply } from '../protocol/token-endpoint.js';
import type { CodeGrant } from './vault.js';

/** What a session requests tokens with. */
export type TokenRequest =
  | { readonly grant: 'client_credentials'; readonly scopes: readonly string[] }
  | { readonly grant: 'refresh_token'; readonly renewed: TokenSet }
  | { readonly grant: 'authorization_code'; readonly code: CodeGrant };

export type TokenOutcome =
  | { readonly ok: true; readonly tokens: TokenSet }
  | { readonly ok: false; readonly failure: Failure };

/** The outcome of a revocation. The tokens are deleted here and in the storage in any case. */
export interface RevocationResult {
  /** Whether the server confirmed the revocation. */
  readonly revokedRemotely: boolean;
  /** Why it did not, such as `revocation_unsupported`, `timeout` or the server's own `error`. */
  readonly reason?: string;
}

/**
 * Requests tokens and makes a token set of the response.
 *
 * @param sentAt - the time before the request. A token's lifetime counts from there, the cautious reading
 * @param signIn - an ID that no other sign-in has, for the tokens of a code
 */
export async function requestTokens(
  client: AuthorizationClient,
  request: TokenRequest,
  sentAt: number,
  signIn: string,
): Promise<TokenOutcome> {
  const reply = await send(client, request);
  if (!reply.ok) return reply;
  const mixUp =
    request.grant === 'authorization_code' ? client.checkNonce(request.code.nonce, reply.tokens) : undefined;
  if (mixUp !== undefined) return { ok: false, failure: mixUp };
  const { accessToken, refreshToken, idToken, expiresIn, scopes } = reply.tokens;
  const renewed = request.grant === 'refresh_token' ? request.renewed : undefined;
  // RFC 6749 §6: a response without a refresh token, or without scopes, means the old ones.
  const kept = refreshToken ?? renewed?.refreshToken;
  const keptId = idToken ?? renewed?.idToken;
  // Some servers return the old refresh token again, which means the same as sending none.
  const isOld = renewed !== undefined && kept?.reveal() === renewed.refreshToken?.reveal();
  const tokens = tokenSet({
    accessToken: accessToken.reveal(),
    refreshToken: kept?.reveal(),
    idToken: keptId?.reveal(),
    issuedAt: sentAt,
    expiresAt: expiresIn === null ? null : sentAt + expiresIn * 1000,
    ...(isOld && { refreshTokenIssuedAt: renewed.facts.refreshTokenIssuedAt ?? renewed.facts.issuedAt }),
    ...signInOf(request, signIn),
    scopes: scopes ?? scopesOf(request),
  });
  // The response has passed the same checks, so this cannot fail.
  return { ok: true, tokens: tokens as TokenSet };
}

/** Revokes the refresh token first: while it is valid, it yields new access tokens (RFC 7009 §2.1). */
export async function revokeTokens(client: AuthorizationClient, tokens: TokenSet): Promise<RevocationResult> {
  const { accessToken, refreshToken } = tokens;
  try {
    const first = refreshToken && (await client.revoke({ token: refreshToken, hint: 'refresh_token' }));
    const second = await client.revoke({ token: accessToken, hint: 'access_token' });
    if (first?.revoked === false) return { revokedRemotely: false, reason: first.failure.code };
    if (second.revoked || (first?.revoked && saysUnknownToken(second.failure))) return { revokedRemotely: true };
    return { revokedRemotely: false, reason: second.failure.code };
  } catch (error) {
    return { revokedRemotely: false, reason: misuseOf(error).code };
  }
}

/** Returns whether two sets have a token in common. Some servers return the same token again. */
export function sharesToken(one: TokenSet, other: TokenSet): boolean {
  return (
    one.accessToken.reveal() === other.accessToken.reveal() ||
    (one.refreshToken !== undefined && one.refreshToken.reveal() === other.refreshToken?.reveal())
  );
}

/**
 * How servers reject an access token that died with its refresh token (RFC 7009 §2.1), although §2.2 requires a 200.
 * The client secret is not the reason: it was accepted a moment before.
 */
const UNKNOWN_TOKEN: readonly string[] = ['invalid_request', 'invalid_token', 'invalid_grant', 'http_400'];

function saysUnknownToken({ source, code }: Failure): boolean {
  return source === 'server' && UNKNOWN_TOKEN.includes(code);
}

async function send(client: AuthorizationClient, request: TokenRequest): Promise<TokenReply> {
  try {
    switch (request.grant) {
      case 'client_credentials':
        return await client.clientCredentials({ scopes: request.scopes });
      case 'refresh_token': {
        const { refreshToken, facts } = request.renewed;
        // The machine refreshes only tokens with a refresh token.
        return await client.refresh({ refreshToken: refreshToken as Secret, scopes: facts.scopes });
      }
      case 'authorization_code':
        return await client.exchangeCode(request.code);
    }
  } catch (error) {
    return { ok: false, failure: misuseOf(error) };
  }
}

function signInOf(request: TokenRequest, signIn: string): Pick<TokenFacts, 'signIn'> {
  const handedOn = request.grant === 'refresh_token' ? request.renewed.facts.signIn : undefined;
  if (request.grant === 'authorization_code') return { signIn };
  return handedOn === undefined ? {} : { signIn: handedOn };
}

/** Returns the requested scopes, which are the granted ones unless the server says otherwise (RFC 6749 §5.1). */
function scopesOf(request: TokenRequest): readonly string[] {
  switch (request.grant) {
    case 'client_credentials':
      return request.scopes;
    case 'refresh_token':
      return request.renewed.facts.scopes;
    case 'authorization_code':
      return request.code.scopes;
  }
}

/** `protocol/` throws only for wrong configuration. */
function misuseOf(error: unknown): Failure {
  const known = error instanceof ConfigurationError || error instanceof AuthenticationError;
  return {
    kind: 'configuration',
    source: 'session',
    code: known ? error.code : 'unexpected_error',
    description: known
      ? error.message
      : 'The request failed for a reason that is not safe to show. Check the transport and the server, if they are your own.',
  };
}
