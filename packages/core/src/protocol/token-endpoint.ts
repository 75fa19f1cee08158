import * as oauth from 'oauth4webapi';
import { ConfigurationError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import type { Purpose } from '../kernel/failure-policy.js';
import type { Secret } from '../kernel/secret.js';
import type { SendClientRequest } from './client-request.js';
import { addParameters, type RequestParameters } from './request-parameters.js';
import { isScope, joinScopes } from './scope.js';
import type { ClientAuthentication, ServerProfile } from './server-profile.js';
import { readTokenResponse, type TokenResponse } from './token-response.js';

export interface ClientCredentialsRequest {
  readonly scopes: readonly string[];
}

export interface CodeExchangeRequest {
  readonly code: Secret;
  /** Sent if the profile has PKCE. */
  readonly codeVerifier: Secret;
  /** The redirect URI of the authorization request. */
  readonly redirectUri: string;
  /** The scopes of the authorization request. They and `state` are sent only if the profile says so. */
  readonly scopes: readonly string[];
  readonly state?: string;
  /** The application's parameters, in addition to the profile's. */
  readonly parameters?: RequestParameters;
}

export interface RefreshRequest {
  readonly refreshToken: Secret;
  /** The granted scopes; sent only if the profile says so. */
  readonly scopes: readonly string[];
}

export type TokenReply =
  | { readonly ok: true; readonly tokens: TokenResponse }
  | { readonly ok: false; readonly failure: Failure };

/** The three grants (RFC 6749 §4.1.3, §4.4.2 and §6). */
export interface TokenEndpoint {
  /** @throws ConfigurationError if the server has no such grant, or the client no secret */
  clientCredentials(request: ClientCredentialsRequest): Promise<TokenReply>;
  exchangeCode(request: CodeExchangeRequest): Promise<TokenReply>;
  refresh(request: RefreshRequest): Promise<TokenReply>;
}

interface Grant {
  readonly type: Exclude<Purpose, 'revocation'>;
  readonly authentication: ClientAuthentication;
  readonly parameters: URLSearchParams;
  readonly secrets: readonly Secret[];
}

export function tokenEndpoint(
  profile: ServerProfile,
  client: oauth.Client,
  confidential: boolean,
  sendClientRequest: SendClientRequest,
): TokenEndpoint {
  const server = { issuer: profile.issuer, token_endpoint: profile.tokenEndpoint };
  /** The profile's parameters come first, so that they cannot replace those of the request. */
  const parametersOf = (members: Record<string, string>, own?: RequestParameters) => {
    const parameters = new URLSearchParams();
    addParameters(parameters, profile.tokenParameters);
    addParameters(parameters, own);
    addParameters(parameters, members);
    return parameters;
  };

  const request = async ({ type, authentication, parameters, secrets }: Grant): Promise<TokenReply> => {
    const reply = await sendClientRequest<TokenResponse>({
      purpose: type,
      endpoint: profile.tokenEndpoint,
      authentication,
      secrets,
      send: (auth, options) => oauth.genericTokenEndpointRequest(server, client, auth, type, parameters, options),
      read: (text, redact) => readTokenResponse(profile, server, client, text, redact),
    });
    return reply.ok ? { ok: true, tokens: reply.content } : reply;
  };

  const withScope = (parameters: URLSearchParams, scopes: readonly string[]) => {
    // Naming no scope requests the server's default (RFC 6749 §3.3); an empty scope is not allowed.
    if (scopes.length > 0) parameters.set('scope', joinScopes(scopes, profile.scopeSeparator));
    return parameters;
  };

  return {
    async clientCredentials({ scopes }) {
      const authentication = profile.clientCredentialsAuthentication;
      if (authentication === undefined) {
        throw new ConfigurationError(
          'grant_unsupported',
          `${profile.name} has no client credentials grant, so only users can sign in there. Use one of the user flows.`,
        );
      }
      if (!confidential) {
        throw new ConfigurationError(
          'client_secret_missing',
          'The client credentials grant needs a clientSecret, because nothing else authenticates the client (RFC 6749 §4.4).',
        );
      }
      const parameters = withScope(parametersOf({}), scopes);
      return request({ type: 'client_credentials', authentication, parameters, secrets: [] });
    },

    async exchangeCode({ code, codeVerifier, redirectUri, scopes, state, parameters: own }) {
      const parameters = parametersOf({ code: code.reveal(), redirect_uri: redirectUri }, own);
      if (profile.pkce === 'S256') parameters.set('code_verifier', codeVerifier.reveal());
      if (profile.codeRequestCarriesStateAndScope) {
        withScope(parameters, scopes);
        if (state !== undefined) parameters.set('state', state);
      }
      const authentication = profile.clientAuthentication;
      return request({ type: 'authorization_code', authentication, parameters, secrets: [code, codeVerifier] });
    },

    async refresh({ refreshToken, scopes }) {
      const parameters = parametersOf({ refresh_token: refreshToken.reveal() });
      // The granted scopes are foreign data and may be unsendable. Naming none requests the same ones.
      const canBeNamed = scopes.every((scope) => isScope(scope, profile.scopeSeparator));
      if (profile.refreshCarriesScope && canBeNamed) withScope(parameters, scopes);
      const authentication = profile.clientAuthentication;
      return request({ type: 'refresh_token', authentication, parameters, secrets: [refreshToken] });
    },
  };
}
