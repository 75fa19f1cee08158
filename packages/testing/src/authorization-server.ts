import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, systemClock } from '@frameio-auth/core';
import { type Certificate, selfSignedCertificate } from './certificate.js';
import { type ClientRegistration, ClientRegistry } from './client-registry.js';
import { discoveryEndpoint, revokeEndpoint, userinfoEndpoint, validateEndpoint } from './endpoints/adobe-endpoints.js';
import { AuthorizeEndpoint } from './endpoints/authorize-endpoint.js';
import type { EndpointContext } from './endpoints/endpoint-context.js';
import { tokenEndpoint } from './endpoints/token-endpoint.js';
import { FaultQueue, type Faults, type ProcessOptions } from './fault-queue.js';
import { type FictionalClients, registrationsOf } from './fictional-clients.js';
import { type ApiRateLimit, FrameioApi } from './frameio-api.js';
import { HttpListener } from './http-listener.js';
import {
  type Answer,
  basicCredentials,
  type Decision,
  type Endpoint,
  errorAnswer,
  type ReceivedRequest,
  readForm,
} from './http-message.js';
import { adobeIms } from './profiles/adobe-ims.js';
import { legacyFrameio } from './profiles/legacy-frameio.js';
import type { Profile, ProfileName } from './profiles/profile.js';
import { Refusal } from './refusal.js';
import { type RecordedRequest, type RequestFilter, RequestRecord } from './request-record.js';
import { SecretLedger, secretsIn } from './secret-ledger.js';
import { type SignInOptions, signIn } from './sign-in.js';
import { type Rotation, TokenIssuer } from './token-issuer.js';
import { fictionalUsers, type User } from './users.js';

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
  /** Seconds. Default: 86 399 for Adobe, 3 600 for the legacy server. */
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
   * Whether a redirect URI may be plain http. Default: true, since tests run on loopback; Adobe itself takes https
   * alone, for localhost too: set false to be as strict.
   */
  readonly allowHttpRedirects?: boolean;
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

const PROFILES: Readonly<Record<ProfileName, Profile>> = { 'adobe-ims': adobeIms, 'legacy-frameio': legacyFrameio };

/** Browser applications call these from another origin; discovery they cannot, as with Adobe. */
const CROSS_ORIGIN: ReadonlySet<Endpoint> = new Set(['token', 'revoke', 'userinfo', 'validate', 'api']);

/** Starts a server on loopback that behaves like one of the real ones. For tests and demonstrations only. */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const certificate = options.https ? await selfSignedCertificate() : undefined;
  const server = new LocalAuthorizationServer(options, certificate);
  await server.start();
  return server;
}

class LocalAuthorizationServer implements AuthorizationServer {
  readonly faults = new FaultQueue();
  readonly users: readonly User[];
  declare readonly certificate?: string;
  readonly #profile: Profile;
  readonly #clock: Clock;
  readonly #listener: HttpListener;
  readonly #registry: ClientRegistry;
  readonly #issuer: TokenIssuer;
  readonly #ledger = new SecretLedger();
  readonly #record = new RequestRecord();
  readonly #context: EndpointContext;
  readonly #authorize: AuthorizeEndpoint;
  readonly #api: FrameioApi;

  constructor(options: AuthorizationServerOptions, certificate: Certificate | undefined) {
    const profile = PROFILES[options.profile ?? 'adobe-ims'];
    this.#profile = profile;
    this.users = options.users ?? fictionalUsers;
    this.#clock = options.clock ?? systemClock();
    if (certificate !== undefined) this.certificate = certificate.certificate;
    const handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void this.#serve(incoming, outgoing);
    this.#listener = new HttpListener(handler, options.port ?? 0, certificate);
    this.#registry = new ClientRegistry([...registrationsOf(profile.clients), ...(options.clients ?? [])]);
    this.#issuer = new TokenIssuer({
      clock: this.#clock,
      accessTokenLifetime: options.accessTokenLifetime ?? profile.accessTokenLifetime,
      refreshTokenLifetime: options.refreshTokenLifetime ?? profile.refreshTokenLifetime,
      rotation: options.rotation ?? profile.rotation,
      gracePeriod: options.gracePeriod ?? 0,
      refreshEndsAccessTokens: profile.refreshEndsAccessTokens,
      mint: profile.mint,
    });
    this.#ledger.add(...this.#registry.secrets(), ...(options.developerTokens ?? []));
    this.#context = {
      profile,
      clients: this.#registry,
      issuer: this.#issuer,
      users: this.users,
      ledger: this.#ledger,
      clock: this.#clock,
      allowHttpRedirects: options.allowHttpRedirects ?? true,
      sendIssuer: options.sendIssuer ?? false,
      origin: () => this.origin,
    };
    this.#authorize = new AuthorizeEndpoint(this.#context);
    const rateLimit = options.apiRateLimit ?? { limit: 1000, window: 60_000 };
    this.#api = new FrameioApi(this.#context, rateLimit, options.developerTokens ?? []);
  }

  get profile(): ProfileName {
    return this.#profile.name;
  }

  get origin(): string {
    return this.#listener.origin;
  }

  get apiBaseUrl(): string {
    return `${this.origin}/v4`;
  }

  get clients(): FictionalClients {
    return this.#profile.clients;
  }

  get endpoints(): ServerEndpoints {
    const { authorize, token, revoke, userinfo } = this.#profile.paths;
    return {
      issuer: this.origin,
      authorizationEndpoint: this.origin + authorize,
      tokenEndpoint: this.origin + token,
      ...(revoke === undefined ? {} : { revocationEndpoint: this.origin + revoke }),
      ...(userinfo === undefined ? {} : { userinfoEndpoint: this.origin + userinfo }),
    };
  }

  get requests(): readonly RecordedRequest[] {
    return this.#record.all();
  }

  count(filter?: RequestFilter): number {
    return this.#record.count(filter);
  }

  waitFor(filter: RequestFilter, count = 1): Promise<void> {
    return this.#record.waitFor(filter, count);
  }

  clearRequests(): void {
    this.#record.clear();
  }

  async signIn(authorizationUrl: string | URL, { user, deny = false }: SignInOptions = {}): Promise<string> {
    const userId = user === undefined ? undefined : this.#user(user).id;
    return signIn(String(authorizationUrl), { userId, deny, certificate: this.certificate });
  }

  revokeUser(user: string): void {
    this.#issuer.revokeUser(this.#user(user).id);
  }

  revokeToken(token: string): void {
    this.#issuer.revoke(token);
  }

  expireAccessTokens(): void {
    this.#issuer.expireAccessTokens();
  }

  rotateClientSecret(clientId: string): string {
    const secret = this.#registry.rotateSecret(clientId);
    this.#ledger.add(secret);
    return secret;
  }

  dropClientSecret(clientId: string, secret?: string): void {
    this.#registry.dropSecret(clientId, secret);
  }

  accessTokenIsLive(token: string): boolean {
    return this.#issuer.accessTokenFacts(token) !== undefined;
  }

  refreshTokenIsLive(token: string): boolean {
    return this.#issuer.refreshTokenIsLive(token);
  }

  secrets(): string[] {
    return this.#ledger.all();
  }

  start(): Promise<void> {
    return this.#listener.start();
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  close(): Promise<void> {
    return this.#listener.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #user(nameOrEmail: string): User {
    const user = this.users.find(({ id, email }) => id === nameOrEmail || email === nameOrEmail);
    if (user === undefined) throw new Error(`This server knows no user ${nameOrEmail}`);
    return user;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await this.#receive(incoming);
    if (request === undefined) {
      incoming.destroy();
      return;
    }
    if (request.method === 'OPTIONS' && CROSS_ORIGIN.has(request.endpoint)) {
      this.#send(outgoing, request, preflightAnswer(request));
      return;
    }
    this.#ledger.add(...secretsIn(request));
    const entry = this.#record.begin(request, claimedClientId(request), this.#clock.now());

    let decision: Decision | undefined;
    const process = async ({ keepRefreshToken = false }: ProcessOptions = {}): Promise<Answer> => {
      if (decision === undefined) {
        decision = this.#decide(request, keepRefreshToken);
        this.#record.decide(entry, decision.outcome);
      }
      return decision.answer;
    };
    const fault = this.faults.take(request);
    entry.faulted = fault !== undefined;
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void this.#clock.setTimeout(resolve, ms));
    const answer =
      fault === undefined ? await process() : await fault({ request, process, wait, now: () => this.#clock.now() });
    this.#record.finish(entry, answer.delivery === 'none' ? undefined : answer.status);
    this.#send(outgoing, request, answer);
  }

  /** `undefined` when the body is too large, or did not arrive. */
  async #receive(incoming: IncomingMessage): Promise<ReceivedRequest | undefined> {
    const form = await readForm(incoming).catch(() => undefined);
    if (form === undefined) return undefined;
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(incoming.headersDistinct)) headers[name] = value?.join(', ') ?? '';
    const endpoint = this.#endpointAt(url.pathname);
    return { endpoint, method: incoming.method ?? 'GET', path: url.pathname, query: url.searchParams, headers, form };
  }

  #endpointAt(path: string): Endpoint {
    if (path === '/v4' || path.startsWith('/v4/')) return 'api';
    const found = Object.entries(this.#profile.paths).find(([, each]) => each === path);
    return (found?.[0] as Endpoint | undefined) ?? 'unknown';
  }

  #decide(request: ReceivedRequest, keepRefreshToken: boolean): Decision {
    try {
      return this.#route(request, keepRefreshToken);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { answer: errorAnswer(error.status, error.error, error.message), outcome: error.error };
    }
  }

  #route(request: ReceivedRequest, keepRefreshToken: boolean): Decision {
    switch (request.endpoint) {
      case 'authorize':
        return this.#authorize.answer(request);
      case 'token':
        return tokenEndpoint(request, this.#context, { keepRefreshToken });
      case 'revoke':
        return revokeEndpoint(request, this.#context);
      case 'userinfo':
        return userinfoEndpoint(request, this.#context);
      case 'validate':
        return validateEndpoint(request, this.#context);
      case 'discovery':
        return discoveryEndpoint(this.#context);
      case 'api':
        return this.#api.answer(request);
      case 'unknown':
        throw new Refusal('not_found', 'there is nothing here', 404);
    }
  }

  #send(outgoing: ServerResponse, request: ReceivedRequest, answer: Answer): void {
    // The client may have gone while the answer was held.
    if (outgoing.destroyed) return;
    if (answer.delivery === 'none') {
      outgoing.destroy();
      return;
    }
    const body = Buffer.from(answer.body);
    outgoing.writeHead(answer.status, {
      date: new Date(this.#clock.now()).toUTCString(),
      'content-length': body.length,
      ...(CROSS_ORIGIN.has(request.endpoint) ? { 'access-control-allow-origin': '*' } : {}),
      ...(request.endpoint === 'api' ? this.#api.rateLimitHeaders(request) : {}),
      ...this.#profile.everyAnswer(),
      ...answer.headers,
    });
    if (answer.delivery === 'half')
      outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
    else outgoing.end(body);
  }
}

function claimedClientId({ headers, form, query }: ReceivedRequest): string | undefined {
  return basicCredentials(headers)?.clientId ?? form.get('client_id') ?? query.get('client_id') ?? undefined;
}

function preflightAnswer({ headers }: ReceivedRequest): Answer {
  const allowed = headers['access-control-request-headers'] ?? '';
  return {
    status: 204,
    headers: { 'access-control-allow-methods': 'GET, POST', 'access-control-allow-headers': allowed },
    body: '',
  };
}
