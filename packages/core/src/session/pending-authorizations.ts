import type { KnownErrorCode } from '../kernel/error-codes.js';
import { AuthenticationError, ConfigurationError, StorageError } from '../kernel/errors.js';
import { redactor } from '../kernel/redaction.js';
import { scopeList } from '../kernel/scope-list.js';
import { Secret } from '../kernel/secret.js';
import type { TokenStorage } from '../kernel/token-storage.js';
import { policy } from '../machine/policy.js';
import { ignoreErrors } from './calls.js';
import type { Timing } from './session-time.js';
import { fromStorage } from './storage-failure.js';
import { type StorageKeys, sha256 } from './storage-keys.js';

/** A pending sign-in: the session that it belongs to, and what completes it. */
export interface PendingAuthorization {
  readonly sessionKey: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly codeVerifier: Secret;
  /** The nonce that the ID token must repeat (OpenID Connect Core §3.1.3.7); absent if none was sent. */
  readonly nonce?: Secret;
}

const FORMAT = 1;

/** How many pending sign-ins one auth object keeps, by default. */
export const DEFAULT_MAX_PENDING = 10_000;

/** The longest record of a sign-in, in characters. */
const LONGEST_RECORD = 16_384;

/**
 * For concurrent duplicates of a callback: how long the second waits for the first, and how often it polls, in
 * milliseconds.
 */
const REPEAT = { patience: 30_000, look: 100 };

/** A record that this instance wrote, on the storage's clock. */
interface Kept {
  readonly version: number;
  readonly expiresAt: number;
}

/** The outcome of a sign-in after its callback was used. */
export type PendingOutcome =
  /** An outcome that a repeated callback must not see. */
  | { readonly used: true }
  | { readonly used: true; readonly underWay: true }
  /** The session that it signed in, and the hash of the code. */
  | { readonly used: true; readonly sessionKey: string; readonly code: string };

/** A sign-in as it was read: begun and not used, or with its outcome. */
export type FoundAuthorization = {
  readonly key: string;
  readonly version: number;
  /** On the storage's clock. */
  readonly readAt: number;
} & (
  | { readonly begun: PendingAuthorization; readonly outcome?: undefined }
  | { readonly begun?: undefined; readonly outcome: PendingOutcome }
);

/** Proves that a repeated callback comes from the browser that was signed in. */
export interface RepeatProof {
  /** The session of the user who is logged in to the application. */
  readonly sessionKey?: string;
  /** The callback's own code, which only that browser and the server know. */
  readonly code: Secret;
}

/**
 * The pending sign-ins, by their `state`. Each is a record in the storage, so a sign-in may begin on one instance and
 * end on another. It is consumed by compare-and-set, so a `state` works once.
 *
 * Anyone may begin a sign-in, so an instance keeps a limited number and drops the oldest. Rejecting the newest instead
 * would let a few requests per second lock every user out.
 */
export class PendingAuthorizations {
  readonly #storage: TokenStorage;
  readonly #keys: StorageKeys;
  readonly #clock: Timing;
  readonly #limit: number;
  /** The records that this instance wrote, the oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(storage: TokenStorage, keys: StorageKeys, clock: Timing, limit = DEFAULT_MAX_PENDING) {
    this.#storage = storage;
    this.#keys = keys;
    this.#clock = clock;
    this.#limit = limit;
  }

  /**
   * @throws ConfigurationError for a state that is in use, and for a sign-in that takes too much space; StorageError
   */
  async begin(state: string, pending: PendingAuthorization): Promise<void> {
    const key = await this.#keys.authorization(state);
    // The expiry must be on the storage's own clock.
    const { now } = await fromStorage(() => this.#storage.read(key));
    const value = JSON.stringify({
      format: FORMAT,
      ...pending,
      codeVerifier: pending.codeVerifier.reveal(),
      nonce: pending.nonce?.reveal(),
    });
    if (value.length > LONGEST_RECORD) {
      throw new ConfigurationError(
        'sign_in_too_large',
        `The record of this sign-in would have ${value.length} characters, and the limit is ${LONGEST_RECORD}. Use a shorter session key, or fewer scopes.`,
      );
    }
    const expiresAt = now + policy.authorizationTtl;
    const reply = await fromStorage(() => this.#storage.commit(key, { value, expectedVersion: 0, expiresAt }));
    if (reply.outcome === 'committed') this.#keep(key, { version: reply.version, expiresAt }, now);
    else {
      throw new ConfigurationError(
        'state_in_use',
        'This state belongs to another sign-in. Leave it out for a random one, or pass a new one for each sign-in.',
      );
    }
  }

  /**
   * Reads a sign-in, which stays as it is.
   *
   * @param sessionKey - the only session that may complete it; default: any
   * @throws AuthenticationError `state_unknown` or `state_mismatch`; StorageError
   */
  async find(state: string, sessionKey?: string): Promise<FoundAuthorization> {
    const key = await this.#keys.authorization(state);
    const { record, now } = await fromStorage(() => this.#storage.read(key));
    if (record === undefined) {
      throw refusal(
        'state_unknown',
        'No sign-in with this state is pending: it was started more than ten minutes ago, or by a process that restarted and has no shared `storage`. Start a new one with getAuthorizationUrl().',
      );
    }
    const content = parse(record.value);
    const found = { key, version: record.version, readAt: now };
    if ('used' in content) return { ...found, outcome: content };
    if (sessionKey !== undefined && content.sessionKey !== sessionKey) {
      throw refusal(
        'state_mismatch',
        'This callback belongs to a sign-in of another session, so it was not used. Start a new sign-in in this session.',
      );
    }
    return { ...found, begun: content };
  }

  /**
   * Marks a sign-in as used, for its completion. Resolves to `false` if another call did so since it was read.
   *
   * @param willSettle - announces a call of `settle()` when the outcome is known
   * @throws StorageError
   */
  async consume({ key, version, readAt }: FoundAuthorization, willSettle = false): Promise<boolean> {
    // The record stays until it would have expired, to distinguish a repeated callback from an unknown state.
    const expiresAt = readAt + policy.authorizationTtl;
    const value = willSettle ? recordOf({ used: true, underWay: true }) : USED;
    const reply = await fromStorage(() => this.#storage.commit(key, { value, expectedVersion: version, expiresAt }));
    if (reply.outcome !== 'committed') return false;
    this.#keep(key, { version: reply.version, expiresAt }, readAt);
    return true;
  }

  /** Stores the outcome of a sign-in that this instance consumed, for a repeated callback. */
  async settle(
    { key }: FoundAuthorization,
    completed?: { readonly sessionKey: string; readonly code: Secret },
  ): Promise<void> {
    const kept = this.#kept.get(key);
    if (kept === undefined) return; // Newer sign-ins have displaced it.
    const value =
      completed === undefined
        ? USED
        : recordOf({ used: true, sessionKey: completed.sessionKey, code: await sha256(completed.code.reveal()) });
    const { version, expiresAt } = kept;
    const reply = await this.#storage.commit(key, { value, expectedVersion: version, expiresAt });
    if (reply.outcome === 'committed') this.#kept.set(key, { version: reply.version, expiresAt });
  }

  /**
   * Resolves to the session that a repeated callback signed in. Waits while that sign-in is in progress, on any
   * instance.
   *
   * @param read - the outcome that was read already, if any
   * @throws AuthenticationError `state_used` for a sign-in that failed or did not end, and for a callback from a
   * browser that was not signed in; StorageError
   */
  async completed(state: string, { sessionKey, code }: RepeatProof, read?: PendingOutcome): Promise<string> {
    const key = await this.#keys.authorization(state);
    const until = this.#clock.now() + REPEAT.patience;
    let outcome = read;
    if (outcome === undefined) outcome = await this.#outcomeOf(key);
    for (;;) {
      if (outcome === undefined) throw alreadyUsed();
      if ('sessionKey' in outcome) {
        const isOwn =
          sessionKey === undefined ? outcome.code === (await sha256(code.reveal())) : sessionKey === outcome.sessionKey;
        if (!isOwn) throw alreadyUsed();
        return outcome.sessionKey;
      }
      if (!('underWay' in outcome) || this.#clock.now() >= until) throw alreadyUsed();
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, REPEAT.look));
      outcome = await this.#outcomeOf(key);
    }
  }

  async #outcomeOf(key: string): Promise<PendingOutcome | undefined> {
    const { record } = await fromStorage(() => this.#storage.read(key));
    const content = record && parse(record.value);
    return content !== undefined && 'used' in content ? content : undefined;
  }

  /** Remembers a record. If there are too many, expires the oldest in the storage. */
  #keep(key: string, kept: Kept, now: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const [oldest, { version, expiresAt }] of this.#kept) {
      if (expiresAt > now && this.#kept.size <= this.#limit) return;
      this.#kept.delete(oldest);
      const forgotten = { value: USED, expectedVersion: version, expiresAt: now };
      if (expiresAt > now) ignoreErrors(() => this.#storage.commit(oldest, forgotten));
    }
  }
}

/** The record of a completed sign-in. */
const USED = recordOf({ used: true });

function recordOf(outcome: PendingOutcome): string {
  return JSON.stringify({ format: FORMAT, ...outcome });
}

function parse(value: string): PendingAuthorization | PendingOutcome {
  try {
    const body = JSON.parse(value) as Record<string, unknown>;
    if (body['format'] === FORMAT) {
      const { sessionKey, redirectUri, scopes, codeVerifier, nonce, used, underWay, code } = body;
      if (used === true) {
        if (underWay === true) return { used, underWay };
        return typeof sessionKey === 'string' && typeof code === 'string' ? { used, sessionKey, code } : { used };
      }
      if (
        typeof sessionKey === 'string' &&
        typeof redirectUri === 'string' &&
        typeof codeVerifier === 'string' &&
        Array.isArray(scopes) &&
        (nonce === undefined || typeof nonce === 'string')
      ) {
        return {
          sessionKey,
          redirectUri,
          scopes: scopeList(scopes, redactor([codeVerifier])),
          codeVerifier: new Secret(codeVerifier),
          ...(nonce !== undefined && { nonce: new Secret(nonce) }),
        };
      }
    }
  } catch {
    // The parser's own message quotes the text, which may hold a code verifier.
  }
  throw new StorageError(
    'record_unreadable',
    'The stored sign-in cannot be read: it is damaged, or from another version. Start a new one with getAuthorizationUrl().',
  );
}

/** Returns the error for a sign-in that was used. */
export function alreadyUsed(): AuthenticationError {
  return refusal('state_used', 'This callback was used before. If the user is not signed in now, start a new sign-in.');
}

function refusal(code: KnownErrorCode, message: string): AuthenticationError {
  return new AuthenticationError(code, message, { errorDescription: message });
}
