import type { Clock } from '@frameio-auth/core/adapter';
import type { ClientRegistration } from './client-registry.js';
import type { Faults } from './fault-queue.js';
import type { FictionalClients } from './fictional-clients.js';
import type { ApiRateLimit, ApiRejectionCause } from './frameio-api.js';
import type { ProfileName } from './profiles/profile.js';
import type { RecordedRequest, RequestFilter } from './request-record.js';
import type { SignInOptions } from './sign-in.js';
import type { Rotation } from './token-issuer.js';
import type { User } from './users.js';

export interface AuthorizationServerOptions {
  /** The server to imitate. Default: `adobe-ims`. */
  readonly profile?: ProfileName;
  /** The port on 127.0.0.1. Default: 0, a free one. */
  readonly port?: number;
  /** Whether to use TLS, with a new self-signed certificate. Default: false. */
  readonly https?: boolean;
  /** Applications in addition to the fictional ones; one with the `clientId` of another replaces it. */
  readonly clients?: readonly ClientRegistration[];
  /** The users who can sign in. Default: three fictional users. */
  readonly users?: readonly User[];
  /**
   * Lifetime of access tokens, in seconds. Default: 86 399 for Adobe, 3 599 with `enterprise`, 3 600 for the legacy
   * server.
   */
  readonly accessTokenLifetime?: number;
  /**
   * Lifetime of refresh tokens, in seconds, from each token's own issue. Default: 14 days for Adobe, 30 days for the
   * legacy server.
   */
  readonly refreshTokenLifetime?: number;
  /** What happens to a refresh token when it is used. Default: `strict`. */
  readonly rotation?: Rotation;
  /**
   * How long a spent refresh token still works after its first use, in milliseconds. Each such use issues a new pair;
   * pairs issued before stay valid. Default: 0.
   */
  readonly gracePeriod?: number;
  /** The clock for expiry, the `Date` header and delays. Default: the system's clock. */
  readonly clock?: Clock;
  /**
   * Whether a redirect URI may be plain http, or have an IP address as host. Default: true, because tests run on
   * loopback. Adobe itself accepts only https and host names, even for localhost: set false to be as strict.
   */
  readonly allowHttpRedirects?: boolean;
  /**
   * What happens to a sign-in with an unregistered redirect URI: the client's default one silently replaces it, or an
   * error page is shown. Adobe has been seen to do either. Default: `replaced`, and `refused` for the legacy server.
   */
  readonly unregisteredRedirectUri?: 'replaced' | 'refused';
  /**
   * Whether to respond with tokens as Adobe does for company accounts: without `token_type`, for 3 599 s, and with an
   * id token with an `iss` that ends in `/ims`. Default: false.
   */
  readonly enterprise?: boolean;
  /**
   * Whether the redirect back names the server in `iss` (RFC 9207). Default: false, because neither server documents
   * it.
   */
  readonly sendIssuer?: boolean;
  /** Developer tokens (`fio-u-…`) that the API accepts with the header `x-frameio-legacy-token-auth: true`. */
  readonly developerTokens?: readonly string[];
  /** How many requests the API accepts per token. Default: 1 000 in 60 000 ms. */
  readonly apiRateLimit?: ApiRateLimit;
}

/** The server's endpoints, in the form that core's `customServer({...})` takes. */
export interface ServerEndpoints {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Absent if the real server is not known to have one. */
  readonly revocationEndpoint?: string;
  readonly userinfoEndpoint?: string;
}

/** Controls a running authorization server. */
export interface AuthorizationServer {
  readonly profile: ProfileName;
  /** For example `http://127.0.0.1:43210`. */
  readonly origin: string;
  readonly endpoints: ServerEndpoints;
  /** The base of the Frame.io V4 API: the origin and `/v4`. */
  readonly apiBaseUrl: string;
  /** The certificate in PEM for clients to trust; absent without `https`. */
  readonly certificate?: string;
  /** The applications that the server registers at startup. */
  readonly clients: FictionalClients;
  readonly users: readonly User[];

  /** Injects faults. */
  readonly faults: Faults;

  /** Every request so far, in order of arrival, without secrets. */
  readonly requests: readonly RecordedRequest[];
  /** Returns how many requests match. */
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

  /** Revokes all sign-ins of a user, named by id or e-mail: refresh tokens and access tokens. */
  revokeUser(user: string): void;
  /** Revokes a token: a refresh token with all tokens of its sign-in, an access token alone. */
  revokeToken(token: string): void;
  /** Expires all access tokens at once; refresh tokens stay valid. */
  expireAccessTokens(): void;
  /**
   * Makes the API respond with 401 to a user, named by id or e-mail, or to a service, by its client ID. The `outcome`
   * of the recorded request has the cause, which the caller does not see. `undefined`: no longer.
   */
  rejectAtApi(who: string, cause: ApiRejectionCause | undefined): void;
  /** Adds a second secret to a client and returns it; the first stays valid until it is dropped. */
  rotateClientSecret(clientId: string): string;
  /** Drops a client's secret; the oldest if none is given. */
  dropClientSecret(clientId: string, secret?: string): void;
  accessTokenIsLive(token: string): boolean;
  refreshTokenIsLive(token: string): boolean;
  /**
   * Returns every token, code and secret that the server issued or received, so that a test can search logs for them.
   */
  secrets(): string[];

  /** Closes all connections and refuses new ones, until `start()`. Issued tokens stay valid. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
  /** Stops the server permanently. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
