import { ConfigurationError } from '@frameio-auth/core';
import { systemClock } from '@frameio-auth/core/adapter';
import type { AuthorizationServer, AuthorizationServerOptions, ServerEndpoints } from './authorization-server.js';
import { type Certificate, serverCertificate } from './certificate.js';
import { ClientRegistry } from './client-registry.js';
import type { EndpointContext } from './endpoints/endpoint-context.js';
import { FaultQueue } from './fault-queue.js';
import { type FictionalClients, registrationsOf } from './fictional-clients.js';
import { type ApiRejectionCause, FrameioApi } from './frameio-api.js';
import { HttpListener } from './http-listener.js';
import { adobeIms } from './profiles/adobe-ims.js';
import { legacyFrameio } from './profiles/legacy-frameio.js';
import type { Profile, ProfileName } from './profiles/profile.js';
import { RequestHandler } from './request-handler.js';
import { type RecordedRequest, type RequestFilter, RequestRecord } from './request-record.js';
import { Router } from './router.js';
import { SecretLedger } from './secret-ledger.js';
import { type SignInOptions, signIn } from './sign-in.js';
import { TokenIssuer } from './token-issuer.js';
import { fictionalUsers, type User } from './users.js';

const PROFILES: Readonly<Record<ProfileName, Profile>> = { 'adobe-ims': adobeIms, 'legacy-frameio': legacyFrameio };

/** Starts a server on loopback that behaves like one of the real ones. For tests and demonstrations only. */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  oneOf('profile', options.profile, Object.keys(PROFILES));
  oneOf('unregisteredRedirectUri', options.unregisteredRedirectUri, ['replaced', 'refused']);
  oneOf('rotation', options.rotation, ['none', 'lenient', 'strict', 'revoke-chain']);
  const certificate = options.https ? await serverCertificate() : undefined;
  const server = new LocalAuthorizationServer(options, certificate);
  await server.start();
  return server;
}

function oneOf(option: string, value: string | undefined, values: readonly string[]): void {
  if (value === undefined || values.includes(value)) return;
  throw new ConfigurationError(
    'invalid_option',
    `${option} must be one of ${values.map((one) => `'${one}'`).join(', ')}.`,
  );
}

class LocalAuthorizationServer implements AuthorizationServer {
  readonly faults = new FaultQueue();
  readonly users: readonly User[];
  declare readonly certificate?: string;
  readonly #profile: Profile;
  readonly #listener: HttpListener;
  readonly #registry: ClientRegistry;
  readonly #issuer: TokenIssuer;
  readonly #api: FrameioApi;
  readonly #ledger = new SecretLedger();
  readonly #record = new RequestRecord();

  constructor(options: AuthorizationServerOptions, certificate: Certificate | undefined) {
    const { clock = systemClock(), users = fictionalUsers, developerTokens = [], enterprise = false } = options;
    const profile = PROFILES[options.profile ?? 'adobe-ims'];
    this.#profile = profile;
    this.users = users;
    if (certificate !== undefined) this.certificate = certificate.certificate;
    this.#registry = new ClientRegistry([...registrationsOf(profile.clients), ...(options.clients ?? [])]);
    this.#ledger.add(...this.#registry.secrets(), ...developerTokens);
    this.#issuer = new TokenIssuer({
      clock,
      accessTokenLifetime: options.accessTokenLifetime ?? (enterprise ? 3_599 : profile.accessTokenLifetime),
      refreshTokenLifetime: options.refreshTokenLifetime ?? profile.refreshTokenLifetime,
      rotation: options.rotation ?? profile.rotation,
      gracePeriod: options.gracePeriod ?? 0,
      refreshEndsAccessTokens: profile.refreshEndsAccessTokens,
      mint: profile.mint,
    });
    const context: EndpointContext = {
      profile,
      clients: this.#registry,
      issuer: this.#issuer,
      users,
      ledger: this.#ledger,
      clock,
      allowHttpRedirects: options.allowHttpRedirects ?? true,
      unregisteredRedirectUri: options.unregisteredRedirectUri ?? profile.unregisteredRedirectUri,
      enterprise,
      sendIssuer: options.sendIssuer ?? false,
      origin: () => this.origin,
    };
    this.#api = new FrameioApi(context, options.apiRateLimit ?? { limit: 1000, window: 60_000 }, developerTokens);
    const router = new Router(context, this.#api);
    const handler = new RequestHandler({
      router,
      clock,
      faults: this.faults,
      record: this.#record,
      ledger: this.#ledger,
    });
    this.#listener = new HttpListener(handler.listener, options.port ?? 0, certificate);
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
    const { id: userId } = this.#user(user ?? this.users[0]?.id ?? 'at all');
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

  rejectAtApi(who: string, cause: ApiRejectionCause | undefined): void {
    oneOf('cause', cause, ['scope_missing', 'not_linked', 'no_entitlement', 'expired']);
    const isClient = this.#registry.find(who) !== undefined;
    this.#api.reject(isClient ? who : this.#user(who).id, cause);
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
}
