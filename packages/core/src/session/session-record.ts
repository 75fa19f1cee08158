import type { Failure } from '../kernel/failure.js';
import type { TokenSet } from '../kernel/token-set.js';
import type { CommitReply, CommitRequest, Unsubscribe } from '../kernel/token-storage.js';
import type { Tombstone } from '../machine/effects.js';
import type { Outcome, Place } from './bounded-queue.js';
import { ignoreErrors } from './calls.js';
import type { EventSink, Occurrence } from './event-sink.js';
import { type LastKnown, type LastOutcome, writeLast } from './last-write.js';
import { RecordCodec } from './record-codec.js';
import { RecordHints } from './record-hints.js';
import { RecordLease } from './record-lease.js';
import type { RecordPlace } from './record-place.js';
import { RecordRequests } from './record-requests.js';
import type { Workload } from './workload.js';

/**
 * A session's record in the storage. It carries out what the machine wants to know or write, holds the lease, and
 * reports each response and hint as an event.
 */
export class SessionRecord {
  readonly #place: RecordPlace;
  readonly #workload: Workload;
  readonly #key: string;
  readonly #report: EventSink;
  readonly #codec: RecordCodec;
  readonly #requests: RecordRequests;
  readonly #hints: RecordHints;
  readonly #lease: RecordLease;
  /** The queue place of a refresh, from the request for the lease until nothing is in progress. */
  #renewal: Place | undefined;
  #unwatch: Unsubscribe | undefined;

  constructor(place: RecordPlace, workload: Workload, key: string, report: EventSink) {
    this.#place = place;
    this.#workload = workload;
    this.#key = key;
    this.#report = report;
    this.#codec = new RecordCodec(place);
    this.#hints = new RecordHints(place, report);
    this.#requests = new RecordRequests(place, workload, this.#codec, this.#hints, report);
    this.#lease = new RecordLease(place);
  }

  /** Whether the response to the latest request is pending. */
  get isPending(): boolean {
    return this.#requests.isPending;
  }

  /** Whether the latest request is still queued, so that nothing is in progress. */
  get isQueued(): boolean {
    return this.#requests.isQueued || this.#renewal?.isWaiting === true;
  }

  /** Why this session may not refresh yet, if the reason is an outage. */
  get outage(): Failure | undefined {
    return this.#renewal === undefined ? this.#workload.renewals.failure : undefined;
  }

  /** Gives a queued request an earlier deadline. */
  hurry(deadline: number): void {
    this.#requests.hurry(deadline);
    this.#renewal?.hurry(deadline);
  }

  /** Leaves the queue: the queued request is never sent. */
  withdraw(): void {
    this.#requests.withdraw();
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
    this.#requests.sendInTurn(deadline, {
      send: (storage) => storage.read(this.#key),
      read: ({ record, now }) => this.#codec.occurrenceOf('record.read', record, now, unwritten),
    });
  }

  /**
   * Requests the lease when it is this session's turn to refresh; at once if it has its turn already.
   *
   * @param unwritten - tokens that the storage does not have
   */
  requestLease(ifVersion: number, deadline: number, unwritten: TokenSet | undefined): void {
    if (this.#renewal !== undefined) {
      this.#requestLease(ifVersion, unwritten);
      return;
    }
    this.#requests.supersede();
    this.#renewal = this.#workload.renewals.enter({
      // If another instance has refreshed, this only reads the record, so it need not wait long.
      deadline: this.#hints.highest > ifVersion ? Math.min(deadline, this.#soon()) : deadline,
      begin: () => this.#requestLease(ifVersion, unwritten),
      fail: (failure) => {
        this.#renewal = undefined;
        this.#requests.fail(failure);
      },
    });
  }

  #requestLease(ifVersion: number, unwritten: TokenSet | undefined): void {
    this.#requests.send({
      send: (storage) => storage.lease(this.#key, this.#lease.request(ifVersion)),
      read: (reply) => {
        switch (reply.outcome) {
          case 'granted':
            // If the process was suspended, the lease may have expired before its grant arrived.
            if (this.#codec.isOver(reply.until)) return [{ type: 'lease.held', until: reply.until }];
            this.#lease.hold(reply.lease);
            return [{ type: 'lease.granted', abandoned: reply.abandoned }];
          case 'held':
            return [{ type: 'lease.held', until: reply.until }];
          case 'moved':
            return this.#codec.occurrenceOf('lease.moved', reply.record, reply.now, unwritten);
        }
      },
    });
  }

  renewLease(): void {
    this.#lease.renew();
  }

  leaveLease(): void {
    this.#lease.leave();
  }

  releaseLease(): void {
    void this.#lease.release();
  }

  /** @param deadline - queues the write, for a retry; if absent, the tokens are written at once */
  commitTokens(tokens: TokenSet, expectedVersion: number, deadline?: number): void {
    if (deadline === undefined) this.#commit(this.#commitOf(tokens, expectedVersion), tokens);
    else if (this.#codec.isKnown(tokens)) this.#writeAgain(tokens, expectedVersion, deadline);
    else this.#commit(this.#commitOf(tokens, expectedVersion), tokens, deadline);
  }

  commitTombstone(tombstone: Tombstone, expectedVersion: number): void {
    this.#commit(this.#codec.commitOfTombstone(tombstone, { expectedVersion, lease: this.#lease.held }));
  }

  /** Discards hints that arrived before new tokens did. */
  forgetHints(): void {
    this.#hints.forget();
  }

  /** Repeats a hint that arrived during other work and was not followed. */
  repeatHint(known: number): void {
    this.#hints.repeat(known);
  }

  /** Writes tokens that the storage has not accepted yet, for a session that receives no more events. */
  writeLast(tokens: TokenSet, known: LastKnown): Promise<LastOutcome> {
    return writeLast(tokens, known, this.#codec, this.#workload, (expectedVersion) =>
      this.#place.storage.commit(this.#key, this.#commitOf(tokens, expectedVersion)),
    );
  }

  async close(): Promise<void> {
    this.withdraw();
    this.endRenewal(undefined);
    this.#hints.close();
    ignoreErrors(() => this.#unwatch?.());
    await this.#lease.release();
  }

  #commitOf(tokens: TokenSet, expectedVersion: number): CommitRequest {
    return this.#codec.commitOfTokens(tokens, { expectedVersion, lease: this.#lease.held });
  }

  /** @param tokens - the tokens in the commit; absent for a tombstone */
  #commit(commit: CommitRequest, tokens?: TokenSet, deadline?: number): void {
    const request = {
      send: (storage: RecordPlace['storage']) => storage.commit(this.#key, commit),
      read: (reply: CommitReply) => this.#committed(reply, tokens),
    };
    if (deadline === undefined) this.#requests.send(request);
    else this.#requests.sendInTurn(deadline, request);
  }

  /**
   * Writes tokens that the storage had and lost, under a lease. A write without one would end the lease of an instance
   * that is using their refresh token, and the next holder would use it again.
   */
  #writeAgain(tokens: TokenSet, expectedVersion: number, deadline: number): void {
    this.#requests.sendInTurn(deadline, {
      send: async (storage) => {
        const reply = await storage.lease(this.#key, this.#lease.request(expectedVersion));
        if (reply.outcome !== 'granted') return reply;
        this.#lease.hold(reply.lease);
        return storage.commit(this.#key, this.#commitOf(tokens, expectedVersion)).catch((error: unknown) => {
          this.releaseLease();
          throw error;
        });
      },
      read: (reply) => {
        switch (reply.outcome) {
          case 'held':
            return [{ type: 'lease.held', until: reply.until }];
          case 'moved':
            return this.#codec.occurrenceOf('commit.conflicted', reply.record, reply.now, tokens);
          default:
            return this.#committed(reply, tokens);
        }
      },
    });
  }

  #committed(reply: CommitReply, tokens: TokenSet | undefined): Occurrence {
    if (reply.outcome === 'committed') {
      this.#lease.leave();
      this.#codec.know(reply.version, tokens);
      return [{ type: 'commit.succeeded', version: reply.version }];
    }
    this.releaseLease();
    return this.#codec.occurrenceOf('commit.conflicted', reply.record, reply.now, tokens);
  }

  #soon(): number {
    return this.#workload.deadlineOf({ awaited: false });
  }

  #watch(): Unsubscribe | undefined {
    try {
      return this.#place.storage.watch(this.#key, (version) => {
        this.#hints.hear(version);
        this.#renewal?.hurry(this.#soon());
        this.#report({ type: 'record.changed', version });
      });
    } catch {
      // Hints are optional, so a storage that cannot watch at the moment is no failure.
      return undefined;
    }
  }
}
