import type { Clock } from '@frameio-auth/core/adapter';
import type { ClientRegistration } from './client-registry.js';
import type { Faults } from './fault-queue.js';
import type { FictionalClients } from './fictional-clients.js';
import type { ApiRateLimit, ApiRefusal } from './frameio-api.js';
import type { ProfileName } from './profiles/profile.js';
import type { RecordedRequest, RequestFilter } from './request-record.js';
import type { SignInOptions } from './sign-in.js';
import type { Rotation } from './token-issuer.js';
import type { User } from './users.js';

export interface AuthorizationServerOptions {
  /** Which server to be like. Default: `adobe-ims`. */
  readonly profile?: ProfileName;
  /** The port on 127.0.0.1. Default: 0, one that is free. */
  readonly port?: number;
  /** Whether to speak TLS, with a certificate made for the occasion. Default: false. */
  readonly https?: boolean;
  /** Applications beside the fictional ones; one with the `clientId` of another replaces it. */
  readonly clients?: readonly ClientRegistration[];
  /** Who may sign in. Default: three fictional users. */
  readonly users?: readonly User[];
  /** Seconds. Default: 86 399 for Adobe, 3 599 with `enterprise`, 3 600 for the legacy server. */
  readonly accessTokenLifetime?: number;
  /** Seconds, from each refresh token's own issue. Default: 14 days for Adobe, 30 days for the legacy server. */
  readonly refreshTokenLifetime?: number;
  /** What a refresh does to the refresh token presented. Default: `strict`. */
  readonly rotation?: Rotation;
  /**
   * Milliseconds after its first use during which a spent refresh token still works. Each such use gives a new pair;
   * the pairs given before stay good. Default: 0.
   */
  readonly gracePeriod?: number;
  /** The server's time: expiry, the `Date` header, delays. Default: the system's. */
  readonly clock?: Clock;
  /**
   * Whether a redirect URI may be plain http, or have an IP address for a host. Default: true, since tests run on
   * loopback; Adobe itself takes https and names alone, for localhost too: set false to be as strict.
   */
  readonly allowHttpRedirects?: boolean;
  /**
   * What becomes of a sign-in with a redirect URI that is not registered: the client's default one takes its place without
   * a word, or an error page is shown. Adobe is seen to do either. Default: `replaced`, and `refused` for the legacy server.
   */
  readonly unregisteredRedirectUri?: 'replaced' | 'refused';
  /**
   * Whether tokens are answered as Adobe does for accounts of a company: without `token_type`, for 3 599 s, and with an id
   * token whose `iss` ends in `/ims`. Default: false.
   */
  readonly enterprise?: boolean;
  /** Whether the redirect back names the server in `iss` (RFC 9207). Default: false: neither server documents it. */
  readonly sendIssuer?: boolean;
  /** Developer tokens (`fio-u-…`) that the API takes, with the header `x-frameio-legacy-token-auth: true`. */
  readonly developerTokens?: readonly string[];
  /** How many requests the API takes from each token. Default: 1 000 in 60 000 ms. */
  readonly apiRateLimit?: ApiRateLimit;
}

/** Where the server's doors are; spreads into core's `customServer({...})`. */
export interface ServerEndpoints {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Absent where the real server is not known to have one. */
  readonly revocationEndpoint?: string;
  readonly userinfoEndpoint?: string;
}

/** A running authorization server. */
export interface AuthorizationServer {
  readonly profile: ProfileName;
  /** Such as `http://127.0.0.1:43210`. */
  readonly origin: string;
  readonly endpoints: ServerEndpoints;
  /** The base of the Frame.io V4 API: the origin and `/v4`. */
  readonly apiBaseUrl: string;
  /** The certificate in PEM, for a client to trust; absent without `https`. */
  readonly certificate?: string;
  /** The applications that the server knows from the start. */
  readonly clients: FictionalClients;
  readonly users: readonly User[];

  /** What goes wrong, and when. */
  readonly faults: Faults;

  /** Every request so far, in the order in which they arrived; without secrets. */
  readonly requests: readonly RecordedRequest[];
  /** How many of the requests fit. */
  count(filter?: RequestFilter): number;
  /** Resolves as soon as `count(filter)` is at least `count` (default: 1). */
  waitFor(filter: RequestFilter, count?: number): Promise<void>;
  clearRequests(): void;

  /**
   * Signs a user in as a browser would, over HTTP, and resolves to the URL on which the application is called back.
   *
   * @throws Error when the server shows an error page instead of redirecting
   */
  signIn(authorizationUrl: string | URL, options?: SignInOptions): Promise<string>;

  /** Takes back every sign-in of a user, named by id or e-mail: refresh tokens and access tokens. */
  revokeUser(user: string): void;
  /** Takes back a token: a refresh token with every token of its sign-in, an access token alone. */
  revokeToken(token: string): void;
  /** Ends all access tokens at once; refresh tokens stay. */
  expireAccessTokens(): void;
  /**
   * Has the API answer its one 401 to somebody from now on: to a user, named by id or e-mail, or to a service, by its client
   * ID. The record's `outcome` has the cause, which the caller is not told. `undefined`: no more.
   */
  refuseAtApi(who: string, cause: ApiRefusal | undefined): void;
  /** Gives a client a second secret, which it returns; the first stays live until it is dropped. */
  rotateClientSecret(clientId: string): string;
  /** Ends a client's secret; its oldest, when none is named. */
  dropClientSecret(clientId: string, secret?: string): void;
  accessTokenIsLive(token: string): boolean;
  refreshTokenIsLive(token: string): boolean;
  /** Every token, code and secret that the server issued or was shown: what a test may search logs for. */
  secrets(): string[];

  /** Ends all connections and refuses new ones, until `start()`. What was issued stays known. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
  /** Ends all connections, for good. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
