import { randomFraction } from '../kernel/entropy.js';
import type { Secret } from '../kernel/secret.js';
import { redated, type TokenSet } from '../kernel/token-set.js';
import type { CommitRequest, Lease, StoredRecord } from '../kernel/token-storage.js';
import type { Tombstone } from '../machine/effects.js';
import { isFromFuture } from '../machine/policy.js';
import type { Occurrence } from './event-sink.js';
import type { RecordPlace } from './record-place.js';
import { keepAliveWindow } from './refresh-token-life.js';
import { readRecord, writeTokens, writeTombstone } from './stored-record.js';

/** How much longer than its tokens a record is kept, in milliseconds, because documented lifetimes are imprecise. */
const RECORD_GRACE = 24 * 60 * 60_000;

/** How long a tombstone is kept, in milliseconds. It tells instances that were offline why the session ended. */
const TOMBSTONE_LIFETIME = 30 * 24 * 60 * 60_000;

/** What a commit is made with. */
export interface CommitConditions {
  readonly expectedVersion: number;
  readonly lease: Lease | undefined;
}

/** On the session's time. */
type Times = Pick<CommitRequest, 'expiresAt' | 'dueAt'>;

/**
 * Converts between a session's tokens and its record: the format, and the times. The session has its own clock, and the
 * record uses the storage's, so setting the storage's clock does not change the lifetime of a session's tokens.
 */
export class RecordCodec {
  readonly #place: RecordPlace;
  /** The storage's clock minus the session's time, in milliseconds. */
  #offset = 0;
  /**
   * The newest known record, by its access token. Another instance may write the same tokens again when the storage
   * loses them.
   */
  #known: { readonly version: number; readonly accessToken: Secret } | undefined;

  constructor(place: RecordPlace) {
    this.#place = place;
  }

  /** The storage read its clock between request and response, which bounds the offset. */
  compareClocks(storageNow: number, asked: number): void {
    const [least, most] = [storageNow - this.#place.clock.now(), storageNow - asked];
    this.#offset = Math.min(Math.max(this.#offset, least), most);
  }

  /** Returns whether a moment of the storage's clock is over. */
  isOver(time: number): boolean {
    return time - this.#offset <= this.#place.clock.now();
  }

  commitOfTokens(tokens: TokenSet, conditions: CommitConditions): CommitRequest {
    return this.#commit(writeTokens(redated(tokens, this.#offset)), conditions, this.#timesOf(tokens));
  }

  commitOfTombstone(tombstone: Tombstone, conditions: CommitConditions): CommitRequest {
    const expiresAt = this.#place.clock.now() + TOMBSTONE_LIFETIME;
    return this.#commit(writeTombstone(tombstone), conditions, { expiresAt });
  }

  /**
   * Returns the event for a record, and the tokens in it.
   *
   * @param offered - tokens that are not written
   * @throws StorageError for a record that cannot be read
   */
  occurrenceOf(
    type: 'record.read' | 'lease.moved' | 'commit.conflicted',
    record: StoredRecord | undefined,
    now: number,
    offered?: TokenSet,
  ): Occurrence {
    const { facts, tokens } = readRecord(record, now);
    const rewritten = this.isRewritten(tokens, offered);
    if (tokens === undefined || facts.status !== 'tokens') return [{ type, record: facts }];
    const read = redated(limited(tokens, now), -this.#offset);
    return [{ type, record: { ...facts, tokens: read.facts, ...(rewritten && { rewritten }) } }, read];
  }

  /** Remembers a record. An older one is ignored: a storage that lost writes returns it, and nothing writes it again. */
  know(version: number, tokens: TokenSet | undefined): void {
    if (tokens === undefined || version < (this.#known?.version ?? 0)) return;
    this.#known = { version, accessToken: tokens.accessToken };
  }

  /** Returns whether the newest known record has these tokens. */
  isKnown(tokens: TokenSet): boolean {
    return tokens.accessToken.reveal() === this.#known?.accessToken.reveal();
  }

  /** Returns whether the tokens in the record are the ones that the offered tokens replace. */
  isRewritten(tokens: TokenSet | undefined, offered: TokenSet | undefined): boolean {
    return tokens !== undefined && offered !== undefined && this.isKnown(tokens) && !this.isKnown(offered);
  }

  #commit(value: string, { expectedVersion, lease }: CommitConditions, { expiresAt, dueAt }: Times): CommitRequest {
    return {
      value,
      expectedVersion,
      ...(lease && { lease }),
      ...(expiresAt !== undefined && { expiresAt: expiresAt + this.#offset }),
      ...(dueAt !== undefined && { dueAt: dueAt + this.#offset }),
    };
  }

  #timesOf(tokens: TokenSet): Times {
    const [expiresAt, dueAt] = [this.#expiryOf(tokens), this.#dueTimeOf(tokens)];
    return { ...(expiresAt !== undefined && { expiresAt }), ...(dueAt !== undefined && { dueAt }) };
  }

  /** Returns when the storage may delete a record: when nothing in it is of use any more. */
  #expiryOf({ refreshToken, facts }: TokenSet): number | undefined {
    const { refreshTokenLifetime, clock } = this.#place;
    if (refreshToken !== undefined) {
      return refreshTokenLifetime === undefined ? undefined : clock.now() + refreshTokenLifetime + RECORD_GRACE;
    }
    return facts.expiresAt === null ? undefined : facts.expiresAt + RECORD_GRACE;
  }

  /** Returns when the tokens are to be refreshed if they are still unused. */
  #dueTimeOf({ facts }: TokenSet): number | undefined {
    const { refreshTokenLifetime, keepAliveBefore, entropy, clock } = this.#place;
    if (refreshTokenLifetime === undefined || keepAliveBefore === undefined) return undefined;
    const window = keepAliveWindow(facts, refreshTokenLifetime, keepAliveBefore, clock.now());
    return window && window.notBefore + (window.notAfter - window.notBefore) * randomFraction(entropy);
  }
}

/**
 * Limits the lifetime of a token from the future, which shows that a clock was wrong. From now on it cannot live longer
 * than the server granted.
 */
function limited(tokens: TokenSet, now: number): TokenSet {
  const { issuedAt, expiresAt } = tokens.facts;
  if (expiresAt === null || !isFromFuture(tokens.facts, now)) return tokens;
  return { ...tokens, facts: { ...tokens.facts, expiresAt: now + Math.max(0, expiresAt - issuedAt) } };
}
