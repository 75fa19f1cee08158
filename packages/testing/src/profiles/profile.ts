import type { Client, ClientRegistry } from '../client-registry.js';
import type { FictionalClients } from '../fictional-clients.js';
import type { Answer, ReceivedRequest } from '../http-message.js';
import type { IssuedTokens, Rotation, TokenMint } from '../token-issuer.js';

export type ProfileName = 'adobe-ims' | 'legacy-frameio';

/** How one of the real servers differs from the others: data, and the few rules that data cannot say. */
export interface Profile {
  readonly name: ProfileName;
  /** An absent path answers 404. */
  readonly paths: {
    readonly authorize: string;
    readonly token: string;
    readonly revoke?: string;
    readonly userinfo?: string;
    readonly validate?: string;
    readonly discovery?: string;
    readonly keys?: string;
  };
  /** Seconds. */
  readonly accessTokenLifetime: number;
  /** Seconds. */
  readonly refreshTokenLifetime: number;
  readonly rotation: Rotation;
  readonly refreshEndsAccessTokens: boolean;
  readonly clients: FictionalClients;
  /** The scope that asks for a refresh token. */
  readonly refreshScope: string;
  readonly scopeSeparator: RegExp;
  /** The scopes without which the Frame.io API answers 401. */
  readonly apiScopes: { readonly user: readonly string[]; readonly service: readonly string[] };
  /** The scopes that the server adds to those that a user's sign-in asks for. */
  readonly addedScopes: readonly string[];
  /** What becomes of an authorization request with a redirect URI that is not registered. */
  readonly unregisteredRedirectUri: 'replaced' | 'refused';
  readonly longestState: number;
  readonly grantTypes: readonly string[];
  /** Headers of every answer. */
  everyAnswer(): Answer['headers'];
  /** @throws Refusal when the request does not prove to come from a registered client as this server wants it */
  authenticateClient(request: ReceivedRequest, clients: ClientRegistry): Client;
  /** @throws Refusal when the request lacks what this server wants beyond RFC 6749 */
  checkTokenRequest(request: ReceivedRequest, client: Client): void;
  /** The members of a token answer; `enterprise`: as the server answers for accounts of a company. */
  tokenAnswer(tokens: IssuedTokens, issuer: string, enterprise: boolean): object;
  readonly mint: TokenMint;
}

export function scopesOf(text: string, profile: Profile): string[] {
  return text.split(profile.scopeSeparator).filter((scope) => scope !== '');
}
