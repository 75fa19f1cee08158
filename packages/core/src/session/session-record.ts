import { type Entropy, randomFraction, randomText } from '../kernel/entropy.js';
import type { Failure } from '../kernel/failure.js';
import type { Secret } from '../kernel/secret.js';
import { redated, type TokenSet } from '../kernel/token-set.js';
import type {
  CommitReply,
  CommitRequest,
  Lease,
  LeaseRequest,
  StoredRecord,
  TokenStorage,
  Unsubscribe,
} from '../kernel/token-storage.js';
import type { SessionContext } from '../machine/context.js';
import type { Tombstone } from '../machine/effects.js';
import type { SessionOccurrence } from '../machine/events.js';
import { isFromFuture, policy } from '../machine/policy.js';
import type { Outcome, Place } from './bounded-queue.js';
import { ignoreErrors, promised } from './calls.js';
import { RecordHints } from './record-hints.js';
import { keepAliveWindow } from './refresh-token-life.js';
import type { Timing } from './session-time.js';
import { fromStorage, storageFailureOf } from './storage-failure.js';
import { readRecord, writeTokens, writeTombstone } from './stored-record.js';
import type { Workload } from './workload.js';

/** A response of the storage as an event, and the tokens that it is about. */
type Answer = readonly [event: SessionOccurrence, incoming?: TokenSet | undefined];

type Times = Pick<CommitRequest, 'expiresAt' | 'dueAt'>;

/** The location of a session's record, and what is needed to access it. */
export interface RecordPlace {
  readonly storage: TokenStorage;
  readonly clock: Timing;
  readonly entropy: Entropy;
  /** The lifetime of a refresh token in milliseconds, if the provider documents it. */
  readonly refreshTokenLifetime?: number;
  /** How long before the end of its refresh token an unused session is refreshed, in milliseconds; absent: never. */
  readonly keepAliveBefore?: number;
}

/** How much longer than its tokens a record is kept, in milliseconds, because documented lifetimes are imprecise. */
const RECORD_GRACE = 24 * 60 * 60_000;

/** How long a tombstone is kept, in milliseconds. It tells instances that were offline why the session ended. */
const TOMBSTONE_LIFETIME = 30 * 24 * 60 * 60_000;

/**
 * Accesses a session's record in the storage. It sends one request at a time and reports each response as an event. It
 * holds the lease. It also converts times: the session has its own clock, and the record uses the storage's. So setting
 * the storage's clock does not change the lifetime of a session's tokens.
 */
export class SessionRecord {
  readonly #place: RecordPlace;
  readonly #workload: Workload;
  readonly #key: string;
  readonly #tell: (...answer: Answer) => void;
  /** The storage's clock minus the session's time, in milliseconds. */
  #offset = 0;
  /** The number of the latest request; responses to earlier ones are ignored. */
  #question = 0;
  #unanswered = false;
  /** The queue place of the latest request outside of a refresh. */
  #turn: Place | undefined;
  /** The queue place of a refresh, from the request for the lease until nothing is in progress. */
  #renewal: Place | undefined;
  readonly #hints: RecordHints;
  /**
   * The newest known record, by its access token. Another instance may write the same tokens again when the storage
   * loses them.
   */
  #known: { readonly version: number; readonly accessToken: Secret } | undefined;
  #owner: string | undefined;
  #lease: Lease | undefined;
  #unwatch: Unsubscribe | undefined;

  /** @param tell - receives the storage's responses and hints as events */
  constructor(place: RecordPlace, workload: Workload, key: string, tell: (...answer: Answer) => void) {
    this.#place = place;
    this.#workload = workload;
    this.#key = key;
    this.#tell = tell;
    this.#hints = new RecordHints(place.clock, place.entropy, (version) => tell({ type: 'record.changed', version }));
  }

  /** Whether the response to the latest request is pending. */
  get isAsked(): boolean {
    return this.#unanswered;
  }

  /** Whether the latest request is still queued, so that nothing is in progress. */
  get isQueued(): boolean {
    return this.#turn?.isWaiting === true || this.#renewal?.isWaiting === true;
  }

  /** Why this session may not refresh yet, if the reason is an outage. */
  get turnedAwayBy(): Failure | undefined {
    return this.#renewal === undefined ? this.#workload.renewals.failure : undefined;
  }

  /** Gives a queued request an earlier deadline. */
  hurry(deadline: number): void {
    this.#turn?.hurry(deadline);
    this.#renewal?.hurry(deadline);
  }

  /** Leaves the queue: the queued request is never sent. */
  withdraw(): void {
    if (this.#turn?.isWaiting) this.#turn.leave();
    if (this.#renewal?.isWaiting) this.endRenewal(undefined);
  }

  /** Lets other sessions refresh. */
  endRenewal(outcome: Outcome): void {
    this.#renewal?.leave(outcome);
    this.#renewal = undefined;
  }

  /** @param unwritten - tokens that the storage does not have */
  read(deadline: number, unwritten: TokenSet | undefined): void {
    this.#unwatch ??= this.#watch();
    this.#askInTurn(
      deadline,
      (storage) => storage.read(this.#key),
      ({ record, now }) => this.#about('record.read', record, now, unwritten),
    );
  }

  /**
   * Requests the lease when it is this session's turn to refresh; at once if it has its turn already.
   *
   * @param unwritten - tokens that the storage does not have
   */
  requestLease(ifVersion: number, deadline: number, unwritten: TokenSet | undefined): void {
    if (this.#renewal !== undefined) {
      this.#askForLease(ifVersion, unwritten);
      return;
    }
    this.#supersede();
    this.#renewal = this.#workload.renewals.enter({
      // If another instance has refreshed, this only reads the record, so it need not wait long.
      deadline: this.#hints.highest > ifVersion ? Math.min(deadline, this.#soon()) : deadline,
      begin: () => this.#askForLease(ifVersion, unwritten),
      fail: (failure) => {
        this.#renewal = undefined;
        this.#answer([{ type: 'storage.failed', failure }]);
      },
    });
  }

  #askForLease(ifVersion: number, unwritten: TokenSet | undefined): void {
    this.#ask(
      (storage) => storage.lease(this.#key, this.#leaseRequest(ifVersion)),
      (reply) => {
        switch (reply.outcome) {
          case 'granted':
            // If the process was suspended, the lease may have expired before its grant arrived.
            if (reply.until - this.#offset <= this.#place.clock.now())
              return [{ type: 'lease.held', until: reply.until }];
            this.#lease = reply.lease;
            return [{ type: 'lease.granted', abandoned: reply.abandoned }];
          case 'held':
            return [{ type: 'lease.held', until: reply.until }];
          case 'moved':
            return this.#about('lease.moved', reply.record, reply.now, unwritten);
        }
      },
    );
  }

  #leaseRequest(ifVersion: number): LeaseRequest {
    // The owner never changes, so a lease that was left with unwritten tokens does not block its own session.
    this.#owner ??= randomText(this.#place.entropy, 12);
    return { owner: this.#owner, ttl: policy.leaseTtl, ifVersion };
  }

  /** Renews the lease. Failure or a lost lease changes nothing: the commit decides. */
  renewLease(): void {
    const lease = this.#lease;
    if (lease !== undefined) ignoreErrors(() => this.#place.storage.renew(lease));
  }

  /** Keeps the lease until it expires, so that the next holder learns that it was abandoned. */
  leaveLease(): void {
    this.#lease = undefined;
  }

  /** Releases the lease. If that fails, it expires. */
  async releaseLease(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    await promised(() => this.#place.storage.release(lease)).catch(() => {});
  }

  /** @param deadline - queues the write, for a retry; if absent, the tokens are written at once */
  commitTokens(tokens: TokenSet, expectedVersion: number, deadline?: number): void {
    if (deadline !== undefined && tokens.accessToken.reveal() === this.#known?.accessToken.reveal()) {
      this.#writeAgain(tokens, expectedVersion, deadline);
      return;
    }
    this.#commit(this.#commitOf(this.#write(tokens), expectedVersion, this.#timesOf(tokens)), tokens, deadline);
  }

  commitTombstone(tombstone: Tombstone, expectedVersion: number): void {
    const times = { expiresAt: this.#place.clock.now() + TOMBSTONE_LIFETIME };
    this.#commit(this.#commitOf(writeTombstone(tombstone), expectedVersion, times));
  }

  /** Discards hints that arrived before new tokens did. */
  forgetHints(): void {
    this.#hints.forget();
  }

  /** Repeats a hint that arrived during other work and was not followed. */
  repeatHint(known: number): void {
    this.#hints.repeat(known);
  }

  /**
   * Writes tokens that the storage has not accepted yet, for a session that receives no more events. They replace a
   * tombstone of expiry, which they disprove, and older records that the storage went back to. They do not replace
   * newer tokens or a revocation, even if the storage lost those.
   */
  async writeLast(
    tokens: TokenSet,
    { version, newest, hintedVersion }: Pick<SessionContext, 'version' | 'newest' | 'hintedVersion'>,
  ): Promise<'written' | 'outdone' | 'revoked' | Failure> {
    if (hintedVersion > newest && version < newest) return 'outdone';
    const turn = await this.#lastTurn();
    try {
      for (let expectedVersion = version; ; ) {
        const request = this.#commitOf(this.#write(tokens), expectedVersion, this.#timesOf(tokens));
        const reply = await fromStorage(() => this.#place.storage.commit(this.#key, request));
        if (reply.outcome === 'committed') return 'written';
        const { facts, tokens: others } = readRecord(reply.record, reply.now);
        const isNews =
          (facts.version > newest || facts.version === expectedVersion) && !this.#isRewritten(others, tokens);
        if (isNews && facts.status === 'revoked') return 'revoked';
        if (isNews && facts.status === 'tokens') return 'outdone';
        if (hintedVersion > Math.max(newest, facts.version)) return 'outdone';
        expectedVersion = facts.version;
      }
    } catch (error) {
      return storageFailureOf(error);
    } finally {
      turn.leave();
    }
  }

  /** Waits for the last turn. During an outage it does not wait: what is not written now is lost. */
  async #lastTurn(): Promise<Place> {
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const deadline = this.#workload.deadlineOf({ awaited: true });
    const turn = this.#workload.questions.enter({ deadline, begin, fail: begin });
    await begun;
    return turn;
  }

  async close(): Promise<void> {
    this.withdraw();
    this.endRenewal(undefined);
    this.#hints.close();
    ignoreErrors(() => this.#unwatch?.());
    await this.releaseLease();
  }

  /** Queues a request outside of a refresh, and sends it when its turn comes. */
  #askInTurn<Reply extends { readonly now: number }>(
    deadline: number,
    ask: (storage: TokenStorage) => Promise<Reply>,
    read: (reply: Reply) => Answer,
  ): void {
    this.#supersede();
    const turn = this.#workload.questions.enter({
      deadline,
      begin: () => this.#ask(ask, read, (outcome) => turn.leave(outcome)),
      fail: (failure) => this.#answer([{ type: 'storage.failed', failure }]),
    });
    this.#turn = turn;
  }

  /** Invalidates earlier requests: their responses are ignored, and queued ones are not sent. */
  #supersede(): void {
    this.#question += 1;
    this.#unanswered = true;
    if (this.#turn?.isWaiting) this.#turn.leave();
    this.#turn = undefined;
  }

  /**
   * Reports a response. Ignored responses leave `#known` unchanged, so the next response is compared with what the
   * session knew before.
   */
  #answer(answer: Answer): void {
    const [event, tokens] = answer;
    this.#unanswered = false;
    if ('record' in event) this.#know(event.record.version, tokens);
    this.#hints.noteAnswer(event);
    this.#tell(...answer);
  }

  /** Sends a request and reports its response, unless another request was sent in the meantime. */
  #ask<Reply extends { readonly now: number }>(
    ask: (storage: TokenStorage) => Promise<Reply>,
    read: (reply: Reply) => Answer,
    onAnswered: (outcome: Outcome) => void = () => {},
  ): void {
    this.#supersede();
    const question = this.#question;
    const asked = this.#place.clock.now();
    void fromStorage(() => ask(this.#place.storage))
      .then((reply) => {
        this.#compareClocks(reply.now, asked);
        return read(reply);
      })
      // A record that cannot be read is a failure of the storage too, detected only here.
      .catch((error: unknown): Answer => [{ type: 'storage.failed', failure: storageFailureOf(error) }])
      .then((answer) => {
        onAnswered(answer[0].type === 'storage.failed' ? answer[0].failure : null);
        if (question === this.#question) this.#answer(answer);
      });
  }

  /** @param tokens - the tokens in the request; absent for a tombstone */
  #commit(request: CommitRequest, tokens?: TokenSet, deadline?: number): void {
    const ask = (storage: TokenStorage) => storage.commit(this.#key, request);
    const read = (reply: CommitReply) => this.#committed(reply, tokens);
    if (deadline === undefined) this.#ask(ask, read);
    else this.#askInTurn(deadline, ask, read);
  }

  /**
   * Writes tokens that the storage had and lost, under a lease. A write without one would end the lease of an instance
   * that is using their refresh token, and the next holder would use it again.
   */
  #writeAgain(tokens: TokenSet, expectedVersion: number, deadline: number): void {
    const ask = async (storage: TokenStorage) => {
      const reply = await storage.lease(this.#key, this.#leaseRequest(expectedVersion));
      if (reply.outcome !== 'granted') return reply;
      this.#lease = reply.lease;
      const request = this.#commitOf(this.#write(tokens), expectedVersion, this.#timesOf(tokens));
      return storage.commit(this.#key, request).catch((error: unknown) => {
        void this.releaseLease();
        throw error;
      });
    };
    this.#askInTurn(deadline, ask, (reply) => {
      switch (reply.outcome) {
        case 'held':
          return [{ type: 'lease.held', until: reply.until }];
        case 'moved':
          return this.#about('commit.conflicted', reply.record, reply.now, tokens);
        default:
          return this.#committed(reply, tokens);
      }
    });
  }

  #committed(reply: CommitReply, tokens: TokenSet | undefined): Answer {
    if (reply.outcome === 'committed') {
      this.#lease = undefined;
      this.#know(reply.version, tokens);
      return [{ type: 'commit.succeeded', version: reply.version }];
    }
    void this.releaseLease();
    return this.#about('commit.conflicted', reply.record, reply.now, tokens);
  }

  #write(tokens: TokenSet): string {
    return writeTokens(redated(tokens, this.#offset));
  }

  /** @param times - on the session's time */
  #commitOf(value: string, expectedVersion: number, { expiresAt, dueAt }: Times): CommitRequest {
    const lease = this.#lease;
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
    const { refreshTokenLifetime } = this.#place;
    if (refreshToken !== undefined) {
      return refreshTokenLifetime === undefined
        ? undefined
        : this.#place.clock.now() + refreshTokenLifetime + RECORD_GRACE;
    }
    return facts.expiresAt === null ? undefined : facts.expiresAt + RECORD_GRACE;
  }

  /** Returns when the tokens are to be refreshed if they are still unused. */
  #dueTimeOf({ facts }: TokenSet): number | undefined {
    const { refreshTokenLifetime, keepAliveBefore, entropy } = this.#place;
    if (refreshTokenLifetime === undefined || keepAliveBefore === undefined) return undefined;
    const window = keepAliveWindow(facts, refreshTokenLifetime, keepAliveBefore, this.#place.clock.now());
    return window && window.notBefore + (window.notAfter - window.notBefore) * randomFraction(entropy);
  }

  #soon(): number {
    return this.#workload.deadlineOf({ awaited: false });
  }

  /** The storage read its clock between request and response, which bounds the offset. */
  #compareClocks(storageNow: number, asked: number): void {
    const [least, most] = [storageNow - this.#place.clock.now(), storageNow - asked];
    this.#offset = Math.min(Math.max(this.#offset, least), most);
  }

  /**
   * Returns the event for a record, and the tokens in it.
   *
   * @param offered - tokens that are not written
   */
  #about(
    type: 'record.read' | 'lease.moved' | 'commit.conflicted',
    record: StoredRecord | undefined,
    now: number,
    offered?: TokenSet,
  ): Answer {
    const { facts, tokens } = readRecord(record, now);
    const rewritten = this.#isRewritten(tokens, offered);
    if (tokens === undefined || facts.status !== 'tokens') return [{ type, record: facts }];
    const read = redated(limited(tokens, now), -this.#offset);
    return [{ type, record: { ...facts, tokens: read.facts, ...(rewritten && { rewritten }) } }, read];
  }

  /** Ignores older records, which a storage that lost writes returns: no instance writes those again. */
  #know(version: number, tokens: TokenSet | undefined): void {
    if (tokens === undefined || version < (this.#known?.version ?? 0)) return;
    this.#known = { version, accessToken: tokens.accessToken };
  }

  /** Returns whether the tokens in the record are the ones that the offered tokens replace. */
  #isRewritten(tokens: TokenSet | undefined, offered: TokenSet | undefined): boolean {
    const token = tokens?.accessToken.reveal();
    return (
      token !== undefined &&
      offered !== undefined &&
      token === this.#known?.accessToken.reveal() &&
      token !== offered.accessToken.reveal()
    );
  }

  #watch(): Unsubscribe | undefined {
    try {
      return this.#place.storage.watch(this.#key, (version) => {
        this.#hints.hear(version);
        this.#renewal?.hurry(this.#soon());
        this.#tell({ type: 'record.changed', version });
      });
    } catch {
      // Hints are optional, so a storage that cannot watch at the moment is no failure.
      return undefined;
    }
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
