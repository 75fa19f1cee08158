import { type Clock, systemClock } from './kernel/clock.js';
import { type Entropy, systemEntropy } from './kernel/entropy.js';
import { ConfigurationError } from './kernel/errors.js';
import { Secret } from './kernel/secret.js';
import type { TokenStorage } from './kernel/token-storage.js';
import type { Transport } from './kernel/transport.js';
import type { SessionInput } from './machine/context.js';
import { firstSnapshot } from './machine/step.js';
import { adobeIms } from './protocol/adobe-ims.js';
import { type AuthorizationClient, authorizationClient } from './protocol/authorization-client.js';
import type { ServerProfile } from './protocol/server-profile.js';
import type { ExportedTokens, ImportableTokens } from './session/exported-tokens.js';
import type { Inspect } from './session/inspected-replica.js';
import { readScopes, type Scopes } from './session/scopes.js';
import type { SessionSnapshot } from './session/session-snapshot.js';
import { type StorageKeys, storageKeys } from './session/storage-keys.js';
import type {
  GetTokenOptions,
  RevocationResult,
  SessionSurroundings,
  StateChange,
  TokenSession,
} from './session/token-session.js';
import { unsharedStorage } from './session/unshared-storage.js';

/** What every flow takes. */
export interface CommonOptions {
  /** How requests reach the authorization server: `fetchTransport()`, `undiciTransport()`, or `fetch` itself. */
  readonly transport: Transport;
  /** Where tokens are kept. Default: in this object alone, gone with the process. */
  readonly storage?: TokenStorage;
  /** The authorization server. Default: `adobeIms()`. */
  readonly server?: ServerProfile;
  /** How long before its expiry a token is due for renewal, in seconds; at most a quarter of its life. Default: 300. */
  readonly refreshBuffer?: number;
  /**
   * Called with the new tokens after each time this instance received some, for applications that keep them
   * themselves. A handler that throws or rejects is ignored.
   */
  readonly onTokenRefreshed?: (tokens: ExportedTokens, key: string) => unknown;
  /** Called after each change of a session's state, with nothing secret. A handler that throws is ignored. */
  readonly onStateChange?: (change: StateChange) => unknown;
  /** Receives XState's inspection events of each session's machine. They hold no secrets, because the machine has none. */
  readonly inspect?: Inspect;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Random bytes for states, code verifiers and jitter. Default: the platform's `crypto`. */
  readonly entropy?: Entropy;
  /**
   * What to do when a new token is needed and the storage does not answer. `'request'`: ask the server all the same.
   * `'fail'`: reject with a StorageError, because a rotated refresh token that cannot be written would be lost to the
   * other instances. Default: `'request'` for server-to-server, `'fail'` for users.
   */
  readonly onStorageUnavailable?: 'request' | 'fail';
}

/** What a flow hands to the base. */
export interface AuthSettings {
  readonly options: CommonOptions;
  readonly clientId: string;
  readonly clientSecret: string | readonly string[] | undefined;
  readonly scopes: Scopes | undefined;
  readonly renewal: SessionInput['renewal'];
}

/** What is needed to make sessions, checked. */
export interface AuthParts {
  readonly client: AuthorizationClient;
  readonly keys: StorageKeys;
  readonly around: SessionSurroundings;
}

const DEFAULT_REFRESH_BUFFER = 300;

/** @throws ConfigurationError for the first option that cannot work */
export function authParts({ options, clientId, clientSecret, scopes, renewal }: AuthSettings): AuthParts {
  const { transport, storage, server = adobeIms(), clock = systemClock(), entropy = systemEntropy } = options;
  if (typeof clientId !== 'string' || clientId === '') {
    refuse('clientId', "is missing. Give the client ID of the application's credential.");
  }
  if (typeof transport !== 'function') {
    refuse('transport', 'is missing. Give fetchTransport() of @frameio-auth/transport-fetch, or fetch itself.');
  }
  if (typeof server !== 'object' || server === null) {
    refuse('server', 'is no server. Give adobeIms(), legacyFrameio() or customServer({ … }), or leave it out.');
  }
  if (storage !== undefined && typeof storage?.commit !== 'function') {
    refuse('storage', 'is no storage. Give memoryStorage() or another of the storages, or leave it out.');
  }
  const refreshBuffer = options.refreshBuffer ?? DEFAULT_REFRESH_BUFFER;
  if (!Number.isFinite(refreshBuffer) || refreshBuffer < 0) {
    refuse('refreshBuffer', 'must be a number of seconds, 0 or more.');
  }
  const onStorageUnavailable = options.onStorageUnavailable ?? (renewal === 'client_credentials' ? 'request' : 'fail');
  if (onStorageUnavailable !== 'request' && onStorageUnavailable !== 'fail') {
    refuse('onStorageUnavailable', "must be 'request' or 'fail'.");
  }
  for (const name of ['onTokenRefreshed', 'onStateChange'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') refuse(name, 'must be a function.');
  }

  const client = authorizationClient({
    profile: server,
    clientId,
    clientSecrets: readSecrets(clientSecret),
    transport,
    clock,
  });
  const { clientCredentials, user } = server.defaultScopes;
  const asked =
    scopes === undefined ? (renewal === 'client_credentials' ? clientCredentials : user) : readScopes(scopes);
  const input: SessionInput = { renewal, refreshBuffer: refreshBuffer * 1000, onStorageUnavailable };
  return {
    client,
    keys: storageKeys(server, clientId, renewal === 'client_credentials' ? asked : undefined),
    around: {
      input,
      beginning: firstSnapshot(input),
      client,
      storage: storage ?? unsharedStorage(clock),
      clock,
      entropy,
      scopes: asked,
      ...(server.refreshTokenLifetime !== undefined && { refreshTokenLifetime: server.refreshTokenLifetime * 1000 }),
      ...(options.inspect && { inspect: options.inspect }),
      ...(options.onTokenRefreshed && { onTokenRefreshed: options.onTokenRefreshed }),
      ...(options.onStateChange && { onStateChange: options.onStateChange }),
    },
  };
}

function readSecrets(clientSecret: string | readonly string[] | undefined): readonly Secret[] {
  if (clientSecret === undefined) return [];
  const secrets = typeof clientSecret === 'string' ? [clientSecret] : clientSecret;
  if (
    !Array.isArray(secrets) ||
    secrets.length === 0 ||
    !secrets.every((secret) => typeof secret === 'string' && secret !== '')
  ) {
    refuse('clientSecret', 'must be a string, or an array of two while one replaces the other, and not empty.');
  }
  return secrets.map((secret) => new Secret(secret));
}

/** @throws ConfigurationError */
export function requireSecret(flow: string, clientSecret: unknown): void {
  if (clientSecret === undefined || clientSecret === null || clientSecret === '') {
    refuse(
      'clientSecret',
      `is missing, and ${flow} is for clients that have one. For those without, see SPAAuth and NativeAppAuth.`,
    );
  }
}

/** @throws ConfigurationError */
export function refuseSecret(flow: string, options: object): void {
  if ('clientSecret' in options && options.clientSecret !== undefined) {
    refuse(
      'clientSecret',
      `is given, and ${flow} is for clients that cannot keep one: the server refuses it. Leave it out, or use WebAppAuth on a server.`,
    );
  }
}

export function refuse(option: string, complaint: string): never {
  throw new ConfigurationError('invalid_option', `${option} ${complaint}`);
}

/** The key of the session that an auth object is itself. */
const DEFAULT_KEY = 'default';

/** What all auth classes that renew tokens have in common: sessions by key, and one of them as the object itself. */
export abstract class Auth<Session extends TokenSession> {
  readonly #sessions = new Map<string, Session>();
  readonly #make: (key: string, onClosed: () => void) => Session;
  readonly #default: Session;
  /** `getToken()` of the default session, bound: hand it over as it is. */
  readonly getToken: (options?: GetTokenOptions) => Promise<string>;
  /** `peekToken()` of the default session, bound. */
  readonly peekToken: () => string | undefined;
  #closed = false;

  protected constructor(make: (key: string, onClosed: () => void) => Session) {
    this.#make = make;
    this.#default = this.session(DEFAULT_KEY);
    this.getToken = this.#default.getToken;
    this.peekToken = this.#default.peekToken;
  }

  /**
   * The session of one user or tenant, the same object for the same key until its `close()` is done. It reads storage
   * when it is first used.
   *
   * @throws ConfigurationError for a key that is no string or empty, and after `close()`
   */
  session(key: string): Session {
    // Half of a surrogate pair has no encoding, so no storage could tell it from another half.
    if (typeof key !== 'string' || key === '' || /\p{Surrogate}/u.test(key)) {
      refuse('key', 'must be a string of whole characters and not empty, such as a user id.');
    }
    this.assertOpen();
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session = this.#make(key, () => {
      // The auth object is its default session, for good: one that is closed is not replaced behind its back.
      if (key !== DEFAULT_KEY) this.#sessions.delete(key);
    });
    this.#sessions.set(key, session);
    return session;
  }

  /** @throws ConfigurationError after `close()` */
  protected assertOpen(): void {
    if (this.#closed) {
      throw new ConfigurationError('auth_closed', 'This auth object was closed. Make a new one to go on.');
    }
  }

  /** As on the default session: see {@link TokenSession.refresh}. */
  refresh(): Promise<void> {
    return this.#default.refresh();
  }

  /** As on the default session: see {@link TokenSession.revoke}. */
  revoke(): Promise<RevocationResult> {
    return this.#default.revoke();
  }

  /** As on the default session: see {@link TokenSession.exportTokens}. */
  exportTokens(): Promise<ExportedTokens | undefined> {
    return this.#default.exportTokens();
  }

  /** As on the default session: see {@link TokenSession.importTokens}. */
  importTokens(tokens: ImportableTokens): Promise<void> {
    return this.#default.importTokens(tokens);
  }

  get isAuthenticated(): boolean {
    return this.#default.isAuthenticated;
  }

  get snapshot(): SessionSnapshot {
    return this.#default.snapshot;
  }

  /** As on the default session: see {@link TokenSession.subscribe}. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void } {
    return this.#default.subscribe(listener);
  }

  /**
   * Closes every session. The storage and the transport are the application's, and stay open.
   *
   * @throws StorageError when the storage did not take a session's newest tokens to the last
   */
  async close(): Promise<void> {
    this.#closed = true;
    const closings = await Promise.allSettled([...this.#sessions.values()].map((session) => session.close()));
    const failed = closings.find((closing) => closing.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
