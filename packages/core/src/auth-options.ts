import { type Clock, systemClock } from './kernel/clock.js';
import { type Entropy, systemEntropy } from './kernel/entropy.js';
import { ConfigurationError } from './kernel/errors.js';
import { Secret } from './kernel/secret.js';
import type { TokenStorage } from './kernel/token-storage.js';
import type { Transport } from './kernel/transport.js';
import type { SessionInput } from './machine/context.js';
import { initialSnapshot } from './machine/transition.js';
import { checkPlatform } from './platform.js';
import { adobeIms } from './protocol/adobe-ims.js';
import { type AuthorizationClient, authorizationClient } from './protocol/authorization-client.js';
import { checkScopes } from './protocol/scope.js';
import type { ServerProfile } from './protocol/server-profile.js';
import { CoolDown } from './session/cool-down.js';
import type { ExportedTokens } from './session/exported-tokens.js';
import type { Inspect } from './session/inspected-replica.js';
import { DEFAULT_MAX_PENDING } from './session/pending-authorizations.js';
import { type ReauthenticationDue, Reauthentications } from './session/reauthentications.js';
import type { RecordPlace } from './session/record-place.js';
import { defaultKeepAliveBefore } from './session/refresh-token-life.js';
import { readScopes, type Scopes } from './session/scopes.js';
import type { SessionDependencies } from './session/session-dependencies.js';
import type { StateChange } from './session/session-snapshot.js';
import { SessionTime } from './session/session-time.js';
import { type StorageKeys, storageKeys } from './session/storage-keys.js';
import { unsharedStorage } from './session/unshared-storage.js';
import { DEFAULT_CONCURRENCY, Workload } from './session/workload.js';

/** Options that every flow takes. */
export interface CommonOptions {
  /** Sends requests to the authorization server: `fetchTransport()`, your own, or `fetch` itself. */
  readonly transport: Transport;
  /** Keeps the tokens. Default: this object's memory, so tokens are lost when the process ends. */
  readonly storage?: TokenStorage;
  /** The authorization server. Default: `adobeIms()`. */
  readonly server?: ServerProfile;
  /** How long before expiry a token is refreshed, in seconds; at most a quarter of its lifetime. Default: 300. */
  readonly refreshBuffer?: number;
  /**
   * How many sessions of this object refresh at the same time, from the lease to the commit. Other sessions queue,
   * those with waiting callers first. The same limit applies, separately, to storage reads. Raise it for thousands of
   * sessions on a server that takes seconds to respond. Default: 64.
   */
  readonly concurrency?: number;
  /**
   * Called with the new tokens each time this instance receives some, for applications that store tokens themselves.
   * Errors and rejections of the handler are ignored.
   */
  readonly onTokenRefreshed?: (tokens: ExportedTokens, key: string) => unknown;
  /** Called after each change of a session's state. The change holds no secrets. Errors of the handler are ignored. */
  readonly onStateChange?: (change: StateChange) => unknown;
  /**
   * Receives XState's inspection events of each session's machine. They hold no secrets, because the machine has none.
   */
  readonly inspect?: Inspect;
  /** The clock and timers. Default: those of the system. */
  readonly clock?: Clock;
  /** Returns random bytes for states, code verifiers and jitter. Default: the platform's `crypto`. */
  readonly entropy?: Entropy;
  /**
   * What to do when a new token is needed and the storage does not respond. `'request'`: request a token anyway.
   * `'fail'`: reject with a StorageError, because a rotated refresh token that cannot be written is lost to the other
   * instances. Default: `'request'` for server-to-server, `'fail'` for users.
   */
  readonly onStorageUnavailable?: 'request' | 'fail';
}

/** Options of every flow in which users sign in. */
export interface UserAuthOptions extends CommonOptions {
  readonly clientId: string;
  /** The registered redirect URI, to which the server redirects users. */
  readonly redirectUri: string;
  /** The scopes to request. Default: those of the server's profile. */
  readonly scopes?: Scopes;
  /**
   * Refreshes unused sessions before their refresh tokens expire, so that users who return after weeks are still signed
   * in. Of all instances that share the storage, one does this. It refreshes one session at a time unless many are due.
   * Give all instances the same option. It covers only sessions with tokens that were written while it was on.
   *
   * `before`: how long before the refresh token expires the session may be refreshed, in seconds. The exact moment is
   * random, within the first half of that time. Default: a fifth of the refresh token's lifetime. `true` uses the
   * default.
   *
   * Requires `refreshTokenLifetime` in the server's profile. Default: `false`.
   */
  readonly keepAlive?: boolean | { readonly before?: number };
  /**
   * How many pending sign-ins this object keeps. Each is a record in the storage, for at most ten minutes. Beyond the
   * limit the oldest is dropped, and its callback is rejected with `state_unknown`. Default: 10 000.
   */
  readonly maxPendingSignIns?: number;
  /**
   * Called when a user must sign in again, with the time by which:
   *
   * - at once, for tokens without a refresh token;
   * - in the last part of its lifetime (`keepAlive.before`), for a refresh token that the server does not replace, or
   *   cannot because it rejects this client;
   * - when the server ended the session.
   *
   * It is called once per end, by the instance that sent the request to the server. Errors and rejections of the
   * handler are ignored.
   */
  readonly onReauthenticationDue?: (due: ReauthenticationDue) => unknown;
}

/** What a flow passes to {@link authParts}. */
export interface AuthSettings {
  readonly options: CommonOptions & Partial<UserAuthOptions>;
  readonly clientSecret: string | readonly string[] | undefined;
  readonly renewal: SessionInput['renewal'];
}

/** The checked parts from which sessions are made. */
export interface AuthParts {
  /** The given profile, or the default. */
  readonly server: ServerProfile;
  readonly client: AuthorizationClient;
  readonly keys: StorageKeys;
  readonly dependencies: SessionDependencies;
}

const DEFAULT_REFRESH_BUFFER = 300;

/**
 * Checks the options and builds the parts.
 *
 * @throws ConfigurationError for the first invalid option
 */
export function authParts({ options, clientSecret, renewal }: AuthSettings): AuthParts {
  checkPlatform({ hashes: renewal === 'refresh_token' });
  const { clientId, scopes, transport, storage } = options;
  const { server: given = adobeIms(), clock = systemClock(), entropy = systemEntropy } = options;
  if (typeof clientId !== 'string' || clientId === '') {
    refuse('clientId', "is missing. Pass the client ID of the application's credential.");
  }
  if (typeof transport !== 'function') {
    refuse('transport', 'is missing. Pass fetchTransport() of @frameio-auth/transport-fetch, or fetch itself.');
  }
  if (typeof given !== 'object' || given === null) {
    refuse(
      'server',
      'is not a server profile. Pass adobeIms(), legacyFrameio() or customServer({ … }), or leave it out.',
    );
  }
  if (storage !== undefined && !hasMethods(storage, ['read', 'lease', 'renew', 'release', 'commit', 'due', 'watch'])) {
    refuse('storage', 'is not a storage. Pass memoryStorage() or another storage, or leave it out.');
  }
  if (!hasMethods(clock, ['now', 'monotonic', 'setTimeout', 'clearTimeout'])) {
    refuse(
      'clock',
      'is not a clock. Pass one with now(), monotonic(), setTimeout() and clearTimeout(), or leave it out.',
    );
  }
  for (const reading of ['now', 'monotonic'] as const) {
    if (Number.isFinite(clock[reading]())) continue;
    refuse(
      'clock',
      `does not work: its ${reading}() does not return a number. Return milliseconds, or leave the clock out.`,
    );
  }
  if (typeof entropy !== 'function') {
    refuse(
      'entropy',
      'must be a function that returns the requested number of random bytes. Pass one, or leave it out.',
    );
  }
  const refreshBuffer = options.refreshBuffer ?? DEFAULT_REFRESH_BUFFER;
  if (!Number.isFinite(refreshBuffer) || refreshBuffer < 0) {
    refuse('refreshBuffer', 'must be a number of seconds, 0 or more.');
  }
  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    refuse('concurrency', 'must be a whole number of sessions, 1 or more. Leave it out for the default.');
  }
  const onStorageUnavailable = options.onStorageUnavailable ?? (renewal === 'client_credentials' ? 'request' : 'fail');
  if (onStorageUnavailable !== 'request' && onStorageUnavailable !== 'fail') {
    refuse('onStorageUnavailable', "must be 'request' or 'fail'.");
  }
  const { maxPendingSignIns = DEFAULT_MAX_PENDING } = options;
  if (!Number.isSafeInteger(maxPendingSignIns) || maxPendingSignIns < 1) {
    refuse('maxPendingSignIns', 'must be a whole number of sign-ins, 1 or more. Leave it out for the default.');
  }
  for (const name of ['onTokenRefreshed', 'onStateChange', 'onReauthenticationDue'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') refuse(name, 'must be a function.');
  }

  // A copy, because a later change of the application's object would not be checked.
  const server: ServerProfile = { ...given };
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
  checkScopes('scopes', asked, server.scopeSeparator);
  if (renewal === 'client_credentials' && server.clientCredentialsAuthentication === undefined) {
    refuse(
      'server',
      `${server.name} has no client credentials grant, so only users can sign in there. Use WebAppAuth.`,
    );
  }
  const keys = storageKeys(server, clientId, renewal === 'client_credentials' ? asked : undefined);
  const keepAliveBefore = readKeepAlive(options.keepAlive, server);
  const time = new SessionTime(clock);
  const place: RecordPlace = {
    storage: storage ?? unsharedStorage(time),
    clock: time,
    entropy,
    ...(server.refreshTokenLifetime !== undefined && { refreshTokenLifetime: server.refreshTokenLifetime * 1000 }),
    ...(keepAliveBefore !== undefined && { keepAliveBefore }),
  };
  const input: SessionInput = { renewal, refreshBuffer: refreshBuffer * 1000, onStorageUnavailable };
  return {
    server,
    client,
    keys,
    dependencies: {
      input,
      beginning: initialSnapshot(input),
      ...place,
      clock: time,
      wallClock: clock,
      workload: new Workload(time, concurrency),
      client,
      coolDown: new CoolDown(place, keys.coolDown),
      scopes: asked,
      reauthentications: new Reauthentications(options.onReauthenticationDue),
      ...(options.inspect && { inspect: options.inspect }),
      ...(options.onTokenRefreshed && { onTokenRefreshed: options.onTokenRefreshed }),
      ...(options.onStateChange && { onStateChange: options.onStateChange }),
    },
  };
}

/**
 * Returns how long before its end a refresh token is refreshed, in milliseconds; `undefined` when keep-alive is off.
 */
function readKeepAlive(option: UserAuthOptions['keepAlive'], server: ServerProfile): number | undefined {
  if (option === undefined || option === false) return undefined;
  if (option !== true && (typeof option !== 'object' || option === null)) {
    refuse('keepAlive', 'must be true, false or { before: seconds }.');
  }
  if (server.refreshTokenLifetime === undefined) {
    refuse(
      'keepAlive',
      `needs the lifetime of a refresh token of ${server.name}. Set refreshTokenLifetime in the server's profile, in seconds.`,
    );
  }
  const lifetime = server.refreshTokenLifetime * 1000;
  if (option === true || option.before === undefined) return defaultKeepAliveBefore(lifetime);
  const before = option.before * 1000;
  if (!(before >= 1000 && before < lifetime)) {
    refuse('keepAlive', 'must have a `before` of at least 1 second, and below the lifetime of a refresh token.');
  }
  return before;
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

function readSecrets(clientSecret: string | readonly string[] | undefined): readonly Secret[] {
  if (clientSecret === undefined) return [];
  const secrets = typeof clientSecret === 'string' ? [clientSecret] : clientSecret;
  if (
    !Array.isArray(secrets) ||
    secrets.length === 0 ||
    secrets.length > 2 ||
    !secrets.every((secret) => typeof secret === 'string' && secret.trim() !== '')
  ) {
    refuse('clientSecret', 'must be a string, or an array of two while one replaces the other, and not empty.');
  }
  return secrets.map((secret) => new Secret(secret));
}

/** @throws ConfigurationError */
function requireOptions(flow: string, options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw new ConfigurationError('invalid_option', `${flow} needs options: new ${flow}({ clientId, transport, … }).`);
}

/** @throws ConfigurationError */
export function requireSecret(flow: string, options: { readonly clientSecret?: unknown }): void {
  requireOptions(flow, options);
  const { clientSecret } = options;
  if (clientSecret === undefined || clientSecret === null || clientSecret === '') {
    refuse(
      'clientSecret',
      `is missing, and ${flow} needs one. For clients without a secret, use SPAAuth or NativeAppAuth.`,
    );
  }
}

/** @throws ConfigurationError for a secret, which a public client cannot keep */
export function refuseSecret(flow: string, options: object): void {
  requireOptions(flow, options);
  if ('clientSecret' in options && options.clientSecret !== undefined) {
    refuse(
      'clientSecret',
      `is set, but ${flow} is for clients that cannot keep a secret, and the server rejects it. Leave it out, or use WebAppAuth on a server.`,
    );
  }
}

export function refuse(option: string, complaint: string): never {
  throw new ConfigurationError('invalid_option', `${option} ${complaint}`);
}
