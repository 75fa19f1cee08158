import * as oauth from 'oauth4webapi';
import type { Failure } from '../kernel/failure.js';
import type { Secret } from '../kernel/secret.js';
import type { SendClientRequest } from './client-request.js';
import { parseJsonObject } from './json-object.js';
import type { ServerProfile } from './server-profile.js';

export interface RevocationRequest {
  readonly token: Secret;
  /** The type of the token; sent only if the profile says so. */
  readonly hint: 'access_token' | 'refresh_token';
}

/** `revoked`: the token is dead, or was unknown, which servers do not distinguish (RFC 7009 §2.2). */
export type RevocationReply = { readonly revoked: true } | { readonly revoked: false; readonly failure: Failure };

/**
 * Returns a function that revokes tokens (RFC 7009). It fails with `revocation_unsupported` if the server has no such
 * endpoint.
 */
export function revocationEndpoint(
  profile: ServerProfile,
  client: oauth.Client,
  confidential: boolean,
  sendClientRequest: SendClientRequest,
) {
  const { revocationEndpoint: endpoint } = profile;
  const inQuery = !confidential && profile.revocationClientId === 'query';

  return async ({ token, hint }: RevocationRequest): Promise<RevocationReply> => {
    if (endpoint === undefined) return { revoked: false, failure: unsupported(profile) };

    const server = {
      issuer: profile.issuer,
      revocation_endpoint: inQuery ? withClientId(endpoint, client.client_id) : endpoint,
    };
    const additionalParameters = profile.revocationTokenTypeHint ? { token_type_hint: hint } : {};
    const reply = await sendClientRequest({
      purpose: 'revocation',
      endpoint,
      authentication: profile.clientAuthentication,
      secrets: [token],
      send: (auth, options) =>
        oauth.revocationRequest(server, client, inQuery ? alreadyNamed : auth, token.reveal(), {
          ...options,
          additionalParameters,
        }),
      // The status suffices; the body is empty or ignored (RFC 7009 §2.2), unless it contradicts the success.
      read: async (text) => (parseJsonObject(text)?.['error'] ? undefined : true),
    });
    return reply.ok ? { revoked: true } : { revoked: false, failure: reply.failure };
  };
}

function withClientId(endpoint: string, clientId: string): string {
  const url = new URL(endpoint);
  url.searchParams.set('client_id', clientId);
  return url.href;
}

/** The URL already names the client, so nothing is added to the body or the headers. */
const alreadyNamed: oauth.ClientAuth = () => {};

function unsupported({ name }: ServerProfile): Failure {
  return {
    kind: 'configuration',
    source: 'server',
    code: 'revocation_unsupported',
    description: `${name} has no revocation endpoint: nothing was revoked there, and the tokens stay valid until they expire.`,
  };
}
