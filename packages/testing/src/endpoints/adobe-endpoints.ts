import { generateKeyPairSync } from 'node:crypto';
import { bearerToken, type Decision, jsonAnswer, type ReceivedRequest } from '../http-message.js';
import { OAuthError } from '../oauth-error.js';
import type { User } from '../users.js';
import type { EndpointContext } from './endpoint-context.js';
import { checkForm, parameter } from './token-endpoint.js';

/**
 * Revokes a token: 200 and an empty body, even if the token is unknown (RFC 7009 §2.2).
 *
 * @throws OAuthError `invalid_client` or `invalid_request`
 */
export function revokeEndpoint(request: ReceivedRequest, { profile, clients, issuer }: EndpointContext): Decision {
  checkForm(request);
  const { clientId } = profile.authenticateClient(request, clients);
  issuer.revoke(parameter(request.form, 'token'), clientId);
  return { answer: { status: 200, headers: {}, body: '' }, outcome: 'granted' };
}

/** @throws OAuthError `invalid_token` */
export function userinfoEndpoint(request: ReceivedRequest, { issuer, users }: EndpointContext): Decision {
  const facts = issuer.accessTokenFacts(bearerToken(request.headers) ?? '');
  const user = users.find(({ id }) => id === facts?.userId);
  if (facts === undefined || user === undefined) throw new OAuthError('invalid_token', 'invalid access token', 401);
  const members = {
    sub: user.id,
    account_type: 'ind',
    ...(facts.scopes.includes('profile') ? namesOf(user) : {}),
    ...(facts.scopes.includes('email') ? { email: user.email, email_verified: true } : {}),
  };
  return { answer: jsonAnswer(200, members), outcome: 'granted' };
}

function namesOf({ name }: User): object {
  const [given = name, ...family] = name.split(' ');
  return { name, given_name: given, family_name: family.join(' ') };
}

/** Says whether a token is valid, and what it contains: 200 either way. */
export function validateEndpoint({ form }: ReceivedRequest, { issuer }: EndpointContext): Decision {
  const token = form.get('token') ?? '';
  const clientId = form.get('client_id');
  const valid =
    form.get('type') === 'refresh_token'
      ? issuer.refreshTokenIsLive(token)
      : issuer.accessTokenFacts(token)?.clientId === clientId;
  const members = valid ? { valid, token: claimsOf(token) } : { valid, reason: 'invalid_token' };
  return { answer: jsonAnswer(200, members), outcome: valid ? 'granted' : 'invalid_token' };
}

/** Returns the claims of a token in the form of a JWT. */
function claimsOf(token: string): object {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
}

/**
 * Returns a public key, as a verifier would fetch it. This server does not sign tokens, so the key verifies none of
 * them.
 */
export function keysEndpoint(): Decision {
  const { n, e } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const key = { kty: 'RSA', kid: 'fictional', use: 'sig', alg: 'RS256', n, e };
  return { answer: jsonAnswer(200, { keys: [key] }), outcome: 'granted' };
}

/**
 * Returns exactly what Adobe lists: neither public clients nor PKCE nor client credentials, although it supports all
 * three.
 */
export function discoveryEndpoint({ profile, origin }: EndpointContext): Decision {
  const { paths } = profile;
  const members = {
    issuer: origin(),
    authorization_endpoint: origin() + paths.authorize,
    token_endpoint: origin() + paths.token,
    revocation_endpoint: origin() + paths.revoke,
    userinfo_endpoint: origin() + paths.userinfo,
    response_types_supported: ['code'],
    grant_types_supported: profile.grantTypes.filter((grant) => grant !== 'client_credentials'),
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    jwks_uri: origin() + paths.keys,
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: profile.apiScopes.user,
    claims_supported: ['sub', 'account_type', 'name', 'given_name', 'family_name', 'email', 'email_verified'],
  };
  return { answer: jsonAnswer(200, members), outcome: 'granted' };
}
