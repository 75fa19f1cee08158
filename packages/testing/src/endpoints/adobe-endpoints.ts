import { bearerToken, type Decision, jsonAnswer, type ReceivedRequest } from '../http-message.js';
import { Refusal } from '../refusal.js';
import type { EndpointContext } from './endpoint-context.js';
import { checkForm, parameter } from './token-endpoint.js';

/**
 * Revocation: 200 and an empty body, also for a token that is unknown (RFC 7009 §2.2).
 *
 * @throws Refusal `invalid_client` or `invalid_request`
 */
export function revokeEndpoint(request: ReceivedRequest, { profile, clients, issuer }: EndpointContext): Decision {
  checkForm(request);
  const { clientId } = profile.authenticateClient(request, clients);
  issuer.revoke(parameter(request.form, 'token'), clientId);
  return { answer: { status: 200, headers: {}, body: '' }, outcome: 'granted' };
}

/** @throws Refusal `invalid_token` */
export function userinfoEndpoint(request: ReceivedRequest, { issuer, users }: EndpointContext): Decision {
  const facts = issuer.accessTokenFacts(bearerToken(request.headers) ?? '');
  const user = users.find(({ id }) => id === facts?.userId);
  if (facts === undefined || user === undefined) throw new Refusal('invalid_token', 'invalid access token', 401);
  const members = {
    sub: user.id,
    ...(facts.scopes.includes('profile') ? { name: user.name } : {}),
    ...(facts.scopes.includes('email') ? { email: user.email, email_verified: true } : {}),
  };
  return { answer: jsonAnswer(200, members), outcome: 'granted' };
}

/** Whether a token is good: 200 either way. */
export function validateEndpoint({ form }: ReceivedRequest, { issuer }: EndpointContext): Decision {
  const token = form.get('token') ?? '';
  const clientId = form.get('client_id');
  const valid =
    form.get('type') === 'refresh_token'
      ? issuer.refreshTokenIsLive(token)
      : issuer.accessTokenFacts(token)?.clientId === clientId;
  const members = valid ? { valid } : { valid, reason: 'invalid_token' };
  return { answer: jsonAnswer(200, members), outcome: valid ? 'granted' : 'invalid_token' };
}

export function discoveryEndpoint({ profile, origin }: EndpointContext): Decision {
  const { paths } = profile;
  const members = {
    issuer: origin(),
    authorization_endpoint: origin() + paths.authorize,
    token_endpoint: origin() + paths.token,
    revocation_endpoint: origin() + paths.revoke,
    userinfo_endpoint: origin() + paths.userinfo,
    response_types_supported: ['code'],
    grant_types_supported: profile.grantTypes,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['plain', 'S256'],
    scopes_supported: profile.apiScopes.user,
  };
  return { answer: jsonAnswer(200, members), outcome: 'granted' };
}
