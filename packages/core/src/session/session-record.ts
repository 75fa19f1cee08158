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
import { harmlessly, promised } from './calls.js';
import { RecordHints } from './record-hints.js';
import { keepAliveWindow } from './refresh-token-life.js';
import type { Timing } from './session-time.js';
import { fromStorage, storageFailureOf } from './storage-failure.js';
import { readRecord, writeTokens, writeTombstone } from './stored-record.js';
import type { Workload } from './workload.js';

/** What the storage's answer amounts to, and the tokens that it is about. */
type Answer = readonly [event: SessionOccurrence, incoming?: TokenSet | undefined];

type Times = Pick<CommitRequest, 'expiresAt' | 'dueAt'>;

/** Where a session's record is, and what it takes to ask for it. */
export interface RecordPlace {
  readonly storage: TokenStorage;
  readonly clock: Timing;
  readonly entropy: Entropy;
  /** How long a refresh token lives, in milliseconds, where the provider says it. */
  readonly refreshTokenLifetime?: number;
  /** How long before the end of its refresh token an unused session is renewed, in milliseconds; absent: never. */
  readonly keepAliveBefore?: number;
}

/** Records are kept this much longer than their tokens live, because the provider's word is not that precise. */
const RECORD_GRACE = 24 * 60 * 60_000;

/** Tombstones tell instances that were away why the session ended; after this long nobody asks any more. */
const TOMBSTONE_LIFETIME = 30 * 24 * 60 * 60_000;

/**
 * A session's side of its storage: one question at a time, and each answer as the event that it amounts to. It holds
 * the lease while there is one, and translates times: a session has its own, and in storage they are on the storage's
 * clock. So a storage whose clock is set does not change how long tokens live that sessions have.
 */
export class SessionRecord {
  readonly #place: RecordPlace;
  readonly #workload: Workload;
  readonly #key: string;
  readonly #tell: (...answer: Answer) => void;
  /** The storage's clock less the session's time. */
  #offset = 0;
  /** The latest question; answers to earlier ones come too late to mean anything. */
  #question = 0;
  #unanswered = false;
  /** The place of the latest question that is asked in turn. */
  #turn: Place | undefined;
  /** The place of a renewal, from the request for the lease until the session is at rest. */
  #renewal: Place | undefined;
  readonly #hints: RecordHints;
  /** The newest record known, by its access token: what another instance may write again when the storage loses it. */
  #known: { readonly version: number; readonly accessToken: Secret } | undefined;
  #owner: string | undefined;
  #lease: Lease | undefined;
  #unwatch: Unsubscribe | undefined;

  /** @param tell - hears what the storage answers and hints */
  constructor(place: RecordPlace, workload: Workload, key: string, tell: (...answer: Answer) => void) {
    this.#place = place;
    this.#workload = workload;
    this.#key = key;
    this.#tell = tell;
    this.#hints = new RecordHints(place.clock, place.entropy, (version) => tell({ type: 'record.changed', version }));
  }

  /** Whether the answer to the latest question is still to come. */
  get isAsked(): boolean {
    return this.#unanswered;
  }

  /** Whether the latest question waits for its turn, so that nothing is under way. */
  get isQueued(): boolean {
    return this.#turn?.isWaiting === true || this.#renewal?.isWaiting === true;
  }

  /** Why this session does not have its turn to renew, when an outage is the reason. */
  get turnedAwayBy(): Failure | undefined {
    return this.#renewal === undefined ? this.#workload.renewals.failure : undefined;
  }

  /** Gives a question that waits for its turn an earlier deadline. */
  hurry(deadline: number): void {
    this.#turn?.hurry(deadline);
    this.#renewal?.hurry(deadline);
  }

  /** Stops waiting for a turn: the question is never asked. */
  withdraw(): void {
    if (this.#turn?.isWaiting) this.#turn.leave();
    if (this.#renewal?.isWaiting) this.endRenewal(undefined);
  }

  /** Lets other sessions renew. */
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
   * Asks for the lease when it is this session's turn to renew. A session that has its turn asks at once.
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
      // If another instance has renewed, all that is left to do is to read the record.
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
            // A process that stood still hears of its lease when somebody else may have it.
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
    // One name for life: the lease that stays with tokens which could not be written is no obstacle to its own session.
    this.#owner ??= randomText(this.#place.entropy, 12);
    return { owner: this.#owner, ttl: policy.leaseTtl, ifVersion };
  }

  /** A renewal that fails, or finds the lease lost, changes nothing: the commit decides. */
  renewLease(): void {
    const lease = this.#lease;
    if (lease !== undefined) harmlessly(() => this.#place.storage.renew(lease));
  }

  /** Nobody gets it before its time is over, and whoever does is told that it was abandoned. */
  leaveLease(): void {
    this.#lease = undefined;
  }

  /** A lease that cannot be given back ends by itself. */
  async releaseLease(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    await promised(() => this.#place.storage.release(lease)).catch(() => {});
  }

  /** @param deadline - for tokens whose write is repeated, which waits for its turn; absent: writes at once */
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

  /** Tells of no hint any more that came before new tokens did. */
  forgetHints(): void {
    this.#hints.forget();
  }

  /** Tells once more of a hint that nobody followed when it came, because something was under way. */
  repeatHint(known: number): void {
    this.#hints.repeat(known);
  }

  /**
   * Writes tokens that the storage has not taken yet, for a session that hears of nothing any more. Tombstones of
   * expiry are replaced, because these tokens disprove them, and so is whatever a storage went back to; newer tokens and
   * a revocation stand, also where the storage lost them.
   */
  async writeLast(
    tokens: TokenSet,
    { version, newest, heard }: Pick<SessionContext, 'version' | 'newest' | 'heard'>,
  ): Promise<'written' | 'outdone' | 'revoked' | Failure> {
    if (heard > newest && version < newest) return 'outdone';
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
        if (heard > Math.max(newest, facts.version)) return 'outdone';
        expectedVersion = facts.version;
      }
    } catch (error) {
      return storageFailureOf(error);
    } finally {
      turn.leave();
    }
  }

  /** During an outage nobody waits: what is not written now is lost. */
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
    harmlessly(() => this.#unwatch?.());
    await this.releaseLease();
  }

  /** Asks when it is the turn of this question, which is one outside of a renewal. */
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

  /** Answers to earlier questions do not count from now on, and those that wait for their turn are not asked. */
  #supersede(): void {
    this.#question += 1;
    this.#unanswered = true;
    if (this.#turn?.isWaiting) this.#turn.leave();
    this.#turn = undefined;
  }

  /** What an answer that nobody hears of has shown is not known: the next one is compared with what was known before. */
  #answer(answer: Answer): void {
    const [event, tokens] = answer;
    this.#unanswered = false;
    if ('record' in event) this.#know(event.record.version, tokens);
    this.#hints.noteAnswer(event);
    this.#tell(...answer);
  }

  /** Asks, and tells what the answer amounts to, unless another question was asked meanwhile. */
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
      // A record that cannot be read is a failure of the storage as well, found only now.
      .catch((error: unknown): Answer => [{ type: 'storage.failed', failure: storageFailureOf(error) }])
      .then((answer) => {
        onAnswered(answer[0].type === 'storage.failed' ? answer[0].failure : null);
        if (question === this.#question) this.#answer(answer);
      });
  }

  /** @param tokens - those in the request; absent: a tombstone is */
  #commit(request: CommitRequest, tokens?: TokenSet, deadline?: number): void {
    const ask = (storage: TokenStorage) => storage.commit(this.#key, request);
    const read = (reply: CommitReply) => this.#committed(reply, tokens);
    if (deadline === undefined) this.#ask(ask, read);
    else this.#askInTurn(deadline, ask, read);
  }

  /**
   * Writes tokens that the storage had and lost, under a lease: a write ends the lease of whoever is presenting their
   * refresh token meanwhile, and the next one would present it again.
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

  /** When the storage may forget a record: when nothing in it can be of use any more. */
  #expiryOf({ refreshToken, facts }: TokenSet): number | undefined {
    const { refreshTokenLifetime } = this.#place;
    if (refreshToken !== undefined) {
      return refreshTokenLifetime === undefined
        ? undefined
        : this.#place.clock.now() + refreshTokenLifetime + RECORD_GRACE;
    }
    return facts.expiresAt === null ? undefined : facts.expiresAt + RECORD_GRACE;
  }

  /** When somebody is to renew the tokens if nobody has used them until then. */
  #dueTimeOf({ facts }: TokenSet): number | undefined {
    const { refreshTokenLifetime, keepAliveBefore, entropy } = this.#place;
    if (refreshTokenLifetime === undefined || keepAliveBefore === undefined) return undefined;
    const window = keepAliveWindow(facts, refreshTokenLifetime, keepAliveBefore, this.#place.clock.now());
    return window && window.notBefore + (window.notAfter - window.notBefore) * randomFraction(entropy);
  }

  #soon(): number {
    return this.#workload.deadlineOf({ awaited: false });
  }

  /** The storage read its clock between question and answer, so an offset outside of that span cannot be right. */
  #compareClocks(storageNow: number, asked: number): void {
    const [least, most] = [storageNow - this.#place.clock.now(), storageNow - asked];
    this.#offset = Math.min(Math.max(this.#offset, least), most);
  }

  /**
   * An event that is about a record, and the tokens that are in it.
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

  /** A storage that went back shows older records, which are not what others have and write again. */
  #know(version: number, tokens: TokenSet | undefined): void {
    if (tokens === undefined || version < (this.#known?.version ?? 0)) return;
    this.#known = { version, accessToken: tokens.accessToken };
  }

  /** Whether tokens in the record are the ones that the storage had before those that are offered to it. */
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
      // Hints may be lost, so a storage that gives none at the moment is no failure.
      return undefined;
    }
  }
}

/**
 * A token from the future shows that the storage's clock, or that of whoever wrote it, was wrong. It cannot live longer
 * from now on than the server gave it, whatever moment was computed for its end.
 */
function limited(tokens: TokenSet, now: number): TokenSet {
  const { issuedAt, expiresAt } = tokens.facts;
  if (expiresAt === null || !isFromFuture(tokens.facts, now)) return tokens;
  return { ...tokens, facts: { ...tokens.facts, expiresAt: now + Math.max(0, expiresAt - issuedAt) } };
}
