import type { KnownErrorCode } from '../kernel/error-codes.js';
import { AuthenticationError, ConfigurationError, StorageError } from '../kernel/errors.js';
import { cleaner } from '../kernel/foreign-text.js';
import { scopeList } from '../kernel/scope-list.js';
import { Secret } from '../kernel/secret.js';
import type { TokenStorage } from '../kernel/token-storage.js';
import { policy } from '../machine/policy.js';
import { harmlessly } from './calls.js';
import type { Timing } from './session-time.js';
import { fromStorage } from './storage-failure.js';
import { type StorageKeys, sha256 } from './storage-keys.js';

/** A sign-in that was begun: what its callback is to be completed with, and for whom. */
export interface PendingAuthorization {
  readonly sessionKey: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly codeVerifier: Secret;
  /** What the id token is to repeat (OpenID Connect Core §3.1.3.7); absent when none was sent. */
  readonly nonce?: Secret;
}

const FORMAT = 1;

/** How many sign-ins of one auth object are kept at once, unless the application says otherwise. */
export const DEFAULT_MAX_PENDING = 10_000;

/** The longest record of a sign-in, in characters. */
const LONGEST_RECORD = 16_384;

/** For a callback that comes twice at once: how long the second waits for the first, and how often it looks, in milliseconds. */
const REPEAT = { patience: 30_000, look: 100 };

/** A record that this instance wrote, on the storage's clock. */
interface Kept {
  readonly version: number;
  readonly expiresAt: number;
}

/** What came of a sign-in whose callback was taken. */
export type PendingOutcome =
  /** Nothing that a second callback may know. */
  | { readonly used: true }
  | { readonly used: true; readonly underWay: true }
  /** Whom it signed in, and the hash of the code that did. */
  | { readonly used: true; readonly sessionKey: string; readonly code: string };

/** By what a repeated callback is known to be of the browser that was signed in. */
export interface RepeatProof {
  /** The session of the user who is logged in to the application. */
  readonly sessionKey?: string;
  /** The callback's own code, which nobody knows but that browser and the server. */
  readonly code: Secret;
}

/**
 * The sign-ins under way, by their `state`. Each is a record in storage, so that a sign-in may begin on one instance
 * and end on another; it is taken by compare-and-set, so that a `state` works once.
 *
 * Anybody may begin one, so an instance keeps a limited number: the oldest gives way to the newest. Refusing the newest
 * would let a few requests a second keep everybody out.
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

  /** @throws ConfigurationError for a state that is in use, and for a sign-in that takes too much space; StorageError */
  async begin(state: string, pending: PendingAuthorization): Promise<void> {
    const key = await this.#keys.authorization(state);
    // Only the storage's own clock can tell when its records expire.
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
        `This sign-in takes ${value.length} characters to keep, and at most ${LONGEST_RECORD} are kept. Use a shorter session key, or fewer scopes.`,
      );
    }
    const expiresAt = now + policy.authorizationTtl;
    const reply = await fromStorage(() => this.#storage.commit(key, { value, expectedVersion: 0, expiresAt }));
    if (reply.outcome === 'committed') this.#keep(key, { version: reply.version, expiresAt }, now);
    else {
      throw new ConfigurationError(
        'state_in_use',
        'This state belongs to another sign-in. Leave it out, and a random one is made; or make a new one for each sign-in.',
      );
    }
  }

  /**
   * Takes a sign-in for its completion; the second one to try is refused.
   *
   * `sessionKey` is the session that wants to complete it: a sign-in that another one began is left to that one.
   * `ready` is called before the state is used up; when it fails, the state is still good.
   * `willSettle` says that `settle()` is called when it is known what came of it.
   *
   * @throws AuthenticationError `state_unknown`, `state_used` or `state_mismatch`; StorageError
   */
  async take(
    state: string,
    {
      sessionKey,
      ready,
      willSettle = false,
    }: { sessionKey?: string; ready?: (pending: PendingAuthorization) => Promise<void>; willSettle?: boolean } = {},
  ): Promise<PendingAuthorization> {
    const key = await this.#keys.authorization(state);
    const { record, now } = await fromStorage(() => this.#storage.read(key));
    if (record === undefined) {
      refuse(
        'state_unknown',
        'No sign-in with this state was begun here within the last ten minutes, or the process that began it is gone and has no shared `storage`: without one, a restart forgets the sign-ins under way. Start a new one with getAuthorizationUrl().',
      );
    }
    const pending = parse(record.value);
    if ('used' in pending) return alreadyUsed();
    if (sessionKey !== undefined && pending.sessionKey !== sessionKey) {
      refuse(
        'state_mismatch',
        'This callback belongs to a sign-in of another session, so it was not used. Start a new sign-in for this one.',
      );
    }
    await ready?.(pending);
    // The record stays until it would have expired, so that a second use is told from an unknown state.
    const expiresAt = now + policy.authorizationTtl;
    const value = willSettle ? recordOf({ used: true, underWay: true }) : USED;
    const reply = await fromStorage(() =>
      this.#storage.commit(key, { value, expectedVersion: record.version, expiresAt }),
    );
    if (reply.outcome !== 'committed') return alreadyUsed();
    this.#keep(key, { version: reply.version, expiresAt }, now);
    return pending;
  }

  /** Keeps what came of a sign-in that this instance took, for its callback to be repeated. */
  async settle(state: string, completed?: { readonly sessionKey: string; readonly code: Secret }): Promise<void> {
    const key = await this.#keys.authorization(state);
    const kept = this.#kept.get(key);
    if (kept === undefined) return; // It gave way to newer ones.
    const value =
      completed === undefined
        ? USED
        : recordOf({ used: true, sessionKey: completed.sessionKey, code: await sha256(completed.code.reveal()) });
    const { version, expiresAt } = kept;
    const reply = await this.#storage.commit(key, { value, expectedVersion: version, expiresAt });
    if (reply.outcome === 'committed') this.#kept.set(key, { version: reply.version, expiresAt });
  }

  /**
   * Finds the session that a callback signed in which was taken before. Waits while that is under way, on whichever
   * instance.
   *
   * @throws AuthenticationError `state_used` for a sign-in that failed or did not end, and for a callback that is not of
   *   the browser that was signed in; StorageError
   */
  async completed(state: string, { sessionKey, code }: RepeatProof): Promise<string> {
    const key = await this.#keys.authorization(state);
    const until = this.#clock.now() + REPEAT.patience;
    for (;;) {
      const { record } = await fromStorage(() => this.#storage.read(key));
      const outcome = record && parse(record.value);
      if (outcome === undefined || !('used' in outcome)) return alreadyUsed();
      if ('sessionKey' in outcome) {
        const isOwn =
          sessionKey === undefined ? outcome.code === (await sha256(code.reveal())) : sessionKey === outcome.sessionKey;
        return isOwn ? outcome.sessionKey : alreadyUsed();
      }
      if (!('underWay' in outcome) || this.#clock.now() >= until) return alreadyUsed();
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, REPEAT.look));
    }
  }

  /** Remembers a record, and has the storage forget the oldest when there are too many. */
  #keep(key: string, kept: Kept, now: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const [oldest, { version, expiresAt }] of this.#kept) {
      if (expiresAt > now && this.#kept.size <= this.#limit) return;
      this.#kept.delete(oldest);
      const forgotten = { value: USED, expectedVersion: version, expiresAt: now };
      if (expiresAt > now) harmlessly(() => this.#storage.commit(oldest, forgotten));
    }
  }
}

/** What is left of a sign-in that was completed. */
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
          scopes: scopeList(scopes, cleaner([codeVerifier])),
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
    'The stored sign-in cannot be read: it is damaged, or of another version. Start a new one with getAuthorizationUrl().',
  );
}

function alreadyUsed(): never {
  refuse('state_used', 'This callback was used before. If the sign-in did not succeed then, start a new one.');
}

function refuse(code: KnownErrorCode, message: string): never {
  throw new AuthenticationError(code, message, { errorDescription: message });
}
