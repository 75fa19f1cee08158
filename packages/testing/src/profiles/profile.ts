import type { Client, ClientRegistry } from '../client-registry.js';
import type { FictionalClients } from '../fictional-clients.js';
import type { Answer, ReceivedRequest } from '../http-message.js';
import type { IssuedTokens, Rotation, TokenMint } from '../token-issuer.js';

export type ProfileName = 'adobe-ims' | 'legacy-frameio';

/** The differences between the real servers: data, and the few rules that data cannot express. */
export interface Profile {
  readonly name: ProfileName;
  /** An absent path responds with 404. */
  readonly paths: {
    readonly authorize: string;
    readonly token: string;
    readonly revoke?: string;
    readonly userinfo?: string;
    readonly validate?: string;
    readonly discovery?: string;
    readonly keys?: string;
  };
  /** In seconds. */
  readonly accessTokenLifetime: number;
  /** In seconds. */
  readonly refreshTokenLifetime: number;
  readonly rotation: Rotation;
  readonly refreshEndsAccessTokens: boolean;
  readonly clients: FictionalClients;
  /** The scope that requests a refresh token. */
  readonly refreshScope: string;
  readonly scopeSeparator: RegExp;
  /** The scopes without which the Frame.io API responds with 401. */
  readonly apiScopes: { readonly user: readonly string[]; readonly service: readonly string[] };
  /** The scopes that the server adds to those that a user's sign-in requests. */
  readonly addedScopes: readonly string[];
  /** What happens to an authorization request with an unregistered redirect URI. */
  readonly unregisteredRedirectUri: 'replaced' | 'refused';
  readonly longestState: number;
  readonly grantTypes: readonly string[];
  /** Returns the headers of every response. */
  everyAnswer(): Answer['headers'];
  /**
   * @throws OAuthError if the request does not prove, as this server requires, that it comes from a registered client
   */
  authenticateClient(request: ReceivedRequest, clients: ClientRegistry): Client;
  /**
   * @throws OAuthError if the request lacks what this server requires beyond RFC 6749
   */
  checkTokenRequest(request: ReceivedRequest, client: Client): void;
  /** Returns the members of a token response; `enterprise`: as the server responds for company accounts. */
  tokenAnswer(tokens: IssuedTokens, issuer: string, enterprise: boolean): object;
  readonly mint: TokenMint;
}

export function scopesOf(text: string, profile: Profile): string[] {
  return text.split(profile.scopeSeparator).filter((scope) => scope !== '');
}
