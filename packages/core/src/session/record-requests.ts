import type { Failure } from '../kernel/failure.js';
import type { TokenStorage } from '../kernel/token-storage.js';
import type { Outcome, Place } from './bounded-queue.js';
import type { EventSink, Occurrence } from './event-sink.js';
import type { RecordCodec } from './record-codec.js';
import type { RecordHints } from './record-hints.js';
import type { RecordPlace } from './record-place.js';
import { fromStorage, storageFailureOf } from './storage-failure.js';
import type { Workload } from './workload.js';

/** One request to the storage, and how its reply is read. */
export interface RecordRequest<Reply> {
  send(storage: TokenStorage): Promise<Reply>;
  /** @throws StorageError for a reply that cannot be read */
  read(reply: Reply): Occurrence;
}

/**
 * Sends a session's requests to the storage and reports each response. Only the response to the latest request counts.
 */
export class RecordRequests {
  readonly #place: RecordPlace;
  readonly #codec: RecordCodec;
  readonly #workload: Workload;
  readonly #hints: RecordHints;
  readonly #send: EventSink;
  /** The number of the latest request. */
  #latest = 0;
  #isPending = false;
  /** The queue place of the latest request, unless it is part of a refresh. */
  #turn: Place | undefined;

  /** @param send - receives the responses */
  constructor(place: RecordPlace, workload: Workload, codec: RecordCodec, hints: RecordHints, send: EventSink) {
    this.#place = place;
    this.#workload = workload;
    this.#codec = codec;
    this.#hints = hints;
    this.#send = send;
  }

  /** Whether the response to the latest request is pending. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** Whether the latest request is still queued. */
  get isQueued(): boolean {
    return this.#turn?.isWaiting === true;
  }

  /** Gives a queued request an earlier deadline. */
  hurry(deadline: number): void {
    this.#turn?.hurry(deadline);
  }

  /** Leaves the queue: the queued request is never sent. */
  withdraw(): void {
    if (this.#turn?.isWaiting) this.#turn.leave();
  }

  /** Invalidates earlier requests: their responses are ignored, and queued ones are not sent. */
  supersede(): void {
    this.#latest += 1;
    this.#isPending = true;
    this.withdraw();
    this.#turn = undefined;
  }

  /** Queues a request, and sends it when its turn comes. */
  sendInTurn<Reply extends { readonly now: number }>(deadline: number, request: RecordRequest<Reply>): void {
    this.supersede();
    const turn = this.#workload.questions.enter({
      deadline,
      begin: () => this.send(request, (outcome) => turn.leave(outcome)),
      fail: (failure) => this.fail(failure),
    });
    this.#turn = turn;
  }

  /**
   * Sends a request now.
   *
   * @param onAnswered - called with what the response says about other requests, even if the response is ignored
   */
  send<Reply extends { readonly now: number }>(
    request: RecordRequest<Reply>,
    onAnswered: (outcome: Outcome) => void = () => {},
  ): void {
    this.supersede();
    const number = this.#latest;
    const sentAt = this.#place.clock.now();
    void fromStorage(() => request.send(this.#place.storage))
      .then((reply) => {
        this.#codec.compareClocks(reply.now, sentAt);
        return request.read(reply);
      })
      // A record that cannot be read is a failure of the storage too, detected only here.
      .catch((error: unknown): Occurrence => [{ type: 'storage.failed', failure: storageFailureOf(error) }])
      .then((response) => {
        onAnswered(response[0].type === 'storage.failed' ? response[0].failure : null);
        if (number === this.#latest) this.#respond(response);
      });
  }

  /** Reports that a request got no turn, because of an outage. */
  fail(failure: Failure): void {
    this.#respond([{ type: 'storage.failed', failure }]);
  }

  /**
   * Reports a response. Those that are ignored do not get here, so the next one is compared with what the session knew
   * before.
   */
  #respond(response: Occurrence): void {
    const [event, tokens] = response;
    this.#isPending = false;
    if ('record' in event) this.#codec.know(event.record.version, tokens);
    this.#hints.noteResponse(event);
    this.#send(event, tokens);
  }
}
