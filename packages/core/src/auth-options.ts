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
import { defaultKeepAliveBefore } from './session/refresh-token-life.js';
import { readScopes, type Scopes } from './session/scopes.js';
import type { RecordPlace } from './session/session-record.js';
import { SessionTime } from './session/session-time.js';
import { type StorageKeys, storageKeys } from './session/storage-keys.js';
import type { SessionSurroundings, StateChange } from './session/token-session.js';
import { unsharedStorage } from './session/unshared-storage.js';
import { DEFAULT_CONCURRENCY, Workload } from './session/workload.js';

/** What every flow takes. */
export interface CommonOptions {
  /** How requests reach the authorization server: `fetchTransport()`, one of your own, or `fetch` itself. */
  readonly transport: Transport;
  /** Where tokens are kept. Default: in this object alone, gone with the process. */
  readonly storage?: TokenStorage;
  /** The authorization server. Default: `adobeIms()`. */
  readonly server?: ServerProfile;
  /** How long before its expiry a token is due for renewal, in seconds; at most a quarter of its life. Default: 300. */
  readonly refreshBuffer?: number;
  /**
   * How many sessions of this object renew at once, from the lease to the commit; the others wait for their turn, those
   * with callers first. The same number of sessions reads the storage at once. Raise it for a server that takes seconds
   * to answer and thousands of sessions. Default: 64.
   */
  readonly concurrency?: number;
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

/** What every flow takes in which users sign in. */
export interface UserAuthOptions extends CommonOptions {
  /**
   * Renews sessions that nobody uses before their refresh tokens expire, so that users who come back after weeks are
   * still signed in. One of all instances that share the storage does it, one session at a time unless many are due; give all of them the same
   * option. It is for sessions whose tokens were written while it was on.
   *
   * `before`: how long before a refresh token expires its session is renewed at the earliest, in seconds; the moment is
   * random within the first half of that. Default: a fifth of the token's life. `true` is the default.
   *
   * Needs `refreshTokenLifetime` in the server's profile. Default: `false`.
   */
  readonly keepAlive?: boolean | { readonly before?: number };
  /**
   * How many sign-ins this object keeps at once; each is a record in storage for ten minutes at most. When there are more,
   * the oldest is forgotten, and its callback is refused as `state_unknown`. Default: 10 000.
   */
  readonly maxPendingSignIns?: number;
  /**
   * Called when a user must sign in again although nobody has noticed yet, with the time by which: at once for tokens
   * without a refresh token, in the last part of its life (`keepAlive.before`) for a refresh token that the server does
   * not replace, or cannot because it refuses this client, and when the server ended the session. Once for each end, by
   * the instance that asked the server. A handler that throws or rejects is ignored.
   */
  readonly onReauthenticationDue?: (due: ReauthenticationDue) => unknown;
}

/** What a flow hands to the base. */
export interface AuthSettings {
  readonly options: UserAuthOptions;
  readonly clientId: string;
  readonly clientSecret: string | readonly string[] | undefined;
  readonly scopes: Scopes | undefined;
  readonly renewal: SessionInput['renewal'];
}

/** What is needed to make sessions, checked. */
export interface AuthParts {
  /** The one that was given, or the default. */
  readonly server: ServerProfile;
  readonly client: AuthorizationClient;
  readonly keys: StorageKeys;
  readonly around: SessionSurroundings;
}

const DEFAULT_REFRESH_BUFFER = 300;

/** @throws ConfigurationError for the first option that cannot work */
export function authParts({ options, clientId, clientSecret, scopes, renewal }: AuthSettings): AuthParts {
  checkPlatform({ hashes: renewal === 'refresh_token' });
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
  if (storage !== undefined && !hasMethods(storage, ['read', 'lease', 'renew', 'release', 'commit', 'due', 'watch'])) {
    refuse('storage', 'is no storage. Give memoryStorage() or another of the storages, or leave it out.');
  }
  if (!hasMethods(clock, ['now', 'monotonic', 'setTimeout', 'clearTimeout'])) {
    refuse('clock', 'is no clock. Give one with now(), monotonic(), setTimeout() and clearTimeout(), or leave it out.');
  }
  for (const reading of ['now', 'monotonic'] as const) {
    if (Number.isFinite(clock[reading]())) continue;
    refuse('clock', `does not work: its ${reading}() gives no number. Give milliseconds, or leave the clock out.`);
  }
  if (typeof entropy !== 'function') {
    refuse('entropy', 'must be a function that returns as many random bytes as it is asked for. Or leave it out.');
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
    around: {
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

/** How long before the end of a refresh token to renew it, in milliseconds; `undefined`: not to. */
function readKeepAlive(option: UserAuthOptions['keepAlive'], server: ServerProfile): number | undefined {
  if (option === undefined || option === false) return undefined;
  if (option !== true && (typeof option !== 'object' || option === null)) {
    refuse('keepAlive', 'must be true, false or { before: seconds }.');
  }
  if (server.refreshTokenLifetime === undefined) {
    refuse(
      'keepAlive',
      `needs to know how long a refresh token of ${server.name} lives. Set refreshTokenLifetime in the server's profile, in seconds.`,
    );
  }
  const lifetime = server.refreshTokenLifetime * 1000;
  if (option === true || option.before === undefined) return defaultKeepAliveBefore(lifetime);
  const before = option.before * 1000;
  if (!(before >= 1000 && before < lifetime)) {
    refuse('keepAlive', 'must have a `before` of at least 1 second, and less than a refresh token lives.');
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
      `is missing, and ${flow} is for clients that have one. For those without, see SPAAuth and NativeAppAuth.`,
    );
  }
}

/** @throws ConfigurationError */
export function refuseSecret(flow: string, options: object): void {
  requireOptions(flow, options);
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
