import { AsyncResource } from 'node:async_hooks';
import type { RateLimitError } from '@frameio-auth/core';
import { isRepeatable } from '@frameio-auth/core/adapter';
import { type Dispatcher, errors } from 'undici';
import { Caller } from './caller.js';
import type { AnswerHeaders, Controller } from './forwarding-handler.js';
import { limitNotice } from './limit-notice.js';
import { RelayingHandler } from './relaying-handler.js';
import { repeatableHeaders } from './request-headers.js';
import type { Turn, Waiter, WaitingLine } from './waiting-line.js';

/** How long the rest of a discarded 429 may take, in milliseconds, before its connection is closed. */
const PATIENCE = 1_000;

/** How much of the body of a discarded 429 is read to reuse its connection, in bytes. */
const MOST_OF_A_REFUSAL = 64 * 1024;

export interface Surroundings {
  readonly dispatch: Dispatcher.Dispatch;
  readonly line: WaitingLine;
  /** The key of the limit that the request counts against. */
  readonly limitKey: string;
  /** How often it may be retried after a 429. */
  readonly repetitions: number;
  readonly now: () => number;
}

/**
 * `waiting` for a place or its limit; `dispatched`; `begun` by undici; `refused`: the rest of the 429 is read before it
 * waits again; `over`: it occupies no place.
 */
type Phase = 'waiting' | 'dispatched' | 'begun' | 'refused' | 'over';

/**
 * Handles one request of a caller: it waits for its turn, and possibly again after a 429.
 *
 * The handler gets the start before the wait, because only then can it abort a waiting request, with every function of
 * undici.
 */
export class MannerlyRequest extends RelayingHandler implements Waiter {
  readonly #request: Dispatcher.DispatchOptions;
  readonly #around: Surroundings;
  readonly #turn: Turn;
  /** The end of one request starts another, which must not run in the async context of the first. */
  readonly #scope = new AsyncResource('FrameioApiRequest');
  /** What interceptors report when the request is sent, such as its redirects. It is not known at the start. */
  readonly #context: object = {};
  #phase: Phase = 'waiting';
  #repetitionsLeft: number;
  #discarded = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #busy = false;

  constructor(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, around: Surroundings) {
    super(new Caller(handler, () => this.#leave()));
    const { headers } = request;
    this.#request = headers === undefined ? request : { ...request, headers: repeatableHeaders(headers) ?? null };
    this.#around = around;
    this.#repetitionsLeft = around.repetitions;
    this.#turn = around.line.turn(this, around.limitKey);
  }

  /**
   * @returns `false` if it was sent and undici reports that it is busy
   */
  start(): boolean {
    this.caller.start(this.#context);
    if (!this.caller.relay.over) {
      emitterOf(this.#request.body)?.on('error', this.#onBodyError);
      this.#around.line.join(this.#turn);
    }
    return !this.#busy;
  }

  begin(): void {
    this.#phase = 'dispatched';
    try {
      this.#busy = !this.#scope.runInAsyncScope(this.#around.dispatch, undefined, this.#request, this);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  refuse(error: RateLimitError): void {
    this.#fail(error);
  }

  override onRequestStart(controller: Controller, context: unknown): void {
    if (!this.caller.relay.begin(controller)) return;
    this.#phase = 'begun';
    Object.assign(this.#context, context); // The handler got the start before the wait.
  }

  override onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    if (!this.caller.relay.wanted) return;
    if (status >= 200) {
      const notice = limitNotice(status, headers, this.#around.now());
      const inTime = this.#around.line.answered(this.#turn, notice);
      if (!this.caller.relay.wanted) return; // A request that was sent or rejected because of this response may have aborted this one.
      if (notice.refused && inTime && this.#repetitionsLeft > 0 && this.#isRepeatable) {
        this.#phase = 'refused';
        this.#repetitionsLeft -= 1;
        this.#discarded = 0;
        this.#patience = setTimeout(() => controller.abort(new errors.RequestAbortedError()), PATIENCE);
        controller.resume(); // The handler may have paused earlier, and will not see this response.
        return;
      }
    }
    super.onResponseStart(controller, status, headers, message);
  }

  override onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#phase === 'refused') {
      this.#discarded += chunk.length;
      if (this.#discarded > MOST_OF_A_REFUSAL) controller.abort(new errors.RequestAbortedError());
    } else super.onResponseData(controller, chunk);
  }

  override onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    if (this.#phase === 'refused' && !this.caller.relay.aborted) this.#repeat();
    else super.onResponseEnd(controller, trailers);
  }

  override onResponseError(controller: Controller, error: Error): void {
    // A 429 has rejected the request even if its body is incomplete.
    if (this.#phase === 'refused' && !this.caller.relay.aborted) this.#repeat();
    else super.onResponseError(controller, error);
  }

  readonly #onBodyError = (error: Error): void => {
    // Once undici has begun, it listens itself.
    if (this.#phase === 'waiting' || this.#phase === 'dispatched') this.#fail(error);
  };

  /** After a redirect, the redirecting server may have carried out the request. */
  get #isRepeatable(): boolean {
    const { history = [] } = this.#context as { readonly history?: readonly URL[] };
    return isRepeatable({ ...this.#request, redirected: history.length > 1 });
  }

  #repeat(): void {
    clearTimeout(this.#patience);
    this.#phase = 'waiting';
    this.caller.relay.end();
    this.#around.line.repeated(this.#turn);
  }

  /** Ends the request with an error that is not from undici, in the async context of its caller. */
  #fail(error: Error): void {
    this.#scope.runInAsyncScope(() => this.caller.fail(error));
  }

  /** Frees the place in the line, whether the request was waiting or sent. */
  #leave(): void {
    clearTimeout(this.#patience);
    const phase = this.#phase;
    this.#phase = 'over';
    emitterOf(this.#request.body)?.off('error', this.#onBodyError);
    if (phase === 'waiting') this.#around.line.leave(this.#turn);
    else if (phase !== 'over') this.#around.line.ended(this.#turn);
  }
}

/**
 * Returns the body if it is a stream. While the request waits, nothing else listens to its errors, and an error would
 * end the process.
 */
function emitterOf(body: unknown): Pick<NodeJS.EventEmitter, 'on' | 'off'> | undefined {
  const isEmitter = typeof body === 'object' && body !== null && 'on' in body && typeof body.on === 'function';
  return isEmitter ? (body as unknown as NodeJS.EventEmitter) : undefined;
}
