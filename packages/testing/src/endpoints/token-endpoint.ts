import type { Client } from '../client-registry.js';
import { type Decision, jsonAnswer, type ReceivedRequest } from '../http-message.js';
import { OAuthError } from '../oauth-error.js';
import { scopesOf } from '../profiles/profile.js';
import type { IssuedTokens } from '../token-issuer.js';
import type { EndpointContext } from './endpoint-context.js';

export interface TokenRequestOptions {
  /** Makes a refresh keep the refresh token and return none. */
  readonly keepRefreshToken: boolean;
}

/**
 * Implements the token endpoint (RFC 6749 §3.2).
 *
 * @throws OAuthError
 */
export function tokenEndpoint(
  request: ReceivedRequest,
  context: EndpointContext,
  options: TokenRequestOptions,
): Decision {
  const { profile, clients, ledger, enterprise, origin } = context;
  checkForm(request);
  const client = profile.authenticateClient(request, clients);
  const tokens = grant(request, client, context, options);
  const members = profile.tokenAnswer(tokens, origin(), enterprise) as Record<string, unknown>;
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    if (typeof members[name] === 'string') ledger.add(members[name]);
  }
  return { answer: jsonAnswer(200, members), outcome: 'granted' };
}

function grant(
  request: ReceivedRequest,
  client: Client,
  context: EndpointContext,
  options: TokenRequestOptions,
): IssuedTokens {
  const { profile, issuer } = context;
  const { form } = request;
  const { clientId } = client;
  const grantType = parameter(form, 'grant_type');
  if (!profile.grantTypes.includes(grantType)) {
    throw new OAuthError('unsupported_grant_type', 'invalid grant_type parameter');
  }
  if (!(client.grantTypes as readonly string[]).includes(grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this grant type');
  }
  profile.checkTokenRequest(request, client);
  const scopeText = form.get('scope');
  const scopes = scopeText === null ? undefined : scopesOf(scopeText, profile);

  if (grantType === 'client_credentials') {
    if (scopes === undefined || scopes.length === 0 || scopes.some((scope) => !client.scopes.includes(scope))) {
      throw new OAuthError('invalid_scope', 'invalid scope parameter');
    }
    return issuer.issueToClient(clientId, scopes);
  }
  if (grantType === 'refresh_token') {
    return issuer.refresh({ refreshToken: parameter(form, 'refresh_token'), clientId, scopes, ...options });
  }
  return issuer.redeemCode({
    code: parameter(form, 'code'),
    clientId,
    redirectUri: form.get('redirect_uri') ?? undefined,
    codeVerifier: form.get('code_verifier') ?? undefined,
    state: form.get('state') ?? undefined,
    scopes,
  });
}

/**
 * @throws OAuthError if the request is not a form sent by POST, or has a parameter twice (RFC 6749 §3.2)
 */
export function checkForm({ method, headers, form }: ReceivedRequest): void {
  if (method !== 'POST') throw new OAuthError('invalid_request', 'the request method must be POST', 405);
  if (!headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded')) {
    throw new OAuthError('invalid_request', 'the request body must be application/x-www-form-urlencoded');
  }
  const names = [...form.keys()];
  if (new Set(names).size < names.length) throw new OAuthError('invalid_request', 'a parameter came more than once');
}

/**
 * @throws OAuthError if it is missing or empty
 */
export function parameter(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') throw new OAuthError('invalid_request', `missing ${name} parameter`);
  return value;
}
