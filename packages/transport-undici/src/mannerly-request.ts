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

/** How long the rest of a 429 that nobody gets may take, in milliseconds, before its connection is given up. */
const PATIENCE = 1_000;

/** How much is read of the body of a 429 that nobody gets, so that its connection can be used again, in bytes. */
const MOST_OF_A_REFUSAL = 64 * 1024;

export interface Surroundings {
  readonly dispatch: Dispatcher.Dispatch;
  readonly line: WaitingLine;
  /** What the request counts against. */
  readonly limitKey: string;
  /** How often it may be repeated after a 429. */
  readonly repetitions: number;
  readonly now: () => number;
}

/**
 * It waits, for a place or for its limit; it was dispatched; undici has begun with it; it was refused, and the rest of
 * the 429 is read before it waits again; it is over, and takes up no place.
 */
type Phase = 'waiting' | 'dispatched' | 'begun' | 'refused' | 'over';

/**
 * What is one request for its caller: it waits for its turn, and perhaps once more after a 429.
 *
 * The handler is told of the start before the wait, because only then can it abort a request that waits, whichever of
 * undici's functions it belongs to.
 */
export class MannerlyRequest extends RelayingHandler implements Waiter {
  readonly #request: Dispatcher.DispatchOptions;
  readonly #around: Surroundings;
  readonly #turn: Turn;
  /** What one request ends lets another begin, which must not run in the asynchronous context of somebody else's. */
  readonly #scope = new AsyncResource('FrameioApiRequest');
  /** What interceptors have to tell when the request is sent, such as its redirects: it is not known at the start. */
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

  /** @returns `false` if it was sent and undici says that it is busy */
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
    Object.assign(this.#context, context); // The handler was told of the start before the wait.
  }

  override onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    if (!this.caller.relay.wanted) return;
    if (status >= 200) {
      const notice = limitNotice(status, headers, this.#around.now());
      const inTime = this.#around.line.answered(this.#turn, notice);
      if (!this.caller.relay.wanted) return; // Whoever was sent or refused because of this answer may have aborted this request.
      if (notice.refused && inTime && this.#repetitionsLeft > 0 && this.#isRepeatable) {
        this.#phase = 'refused';
        this.#repetitionsLeft -= 1;
        this.#discarded = 0;
        this.#patience = setTimeout(() => controller.abort(new errors.RequestAbortedError()), PATIENCE);
        controller.resume(); // The handler may have paused before there was an answer, and will not hear of this one.
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
    // A 429 whose end is missing has refused the request all the same.
    if (this.#phase === 'refused' && !this.caller.relay.aborted) this.#repeat();
    else super.onResponseError(controller, error);
  }

  readonly #onBodyError = (error: Error): void => {
    // Once undici has begun, it listens itself.
    if (this.#phase === 'waiting' || this.#phase === 'dispatched') this.#fail(error);
  };

  /** After a redirect, what redirected may have carried the request out. */
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

  /** Ends the request by an error that does not come from undici, in the asynchronous context of its caller. */
  #fail(error: Error): void {
    this.#scope.runInAsyncScope(() => this.caller.fail(error));
  }

  /** Takes up no place in the line any longer, whether it waits there or was sent. */
  #leave(): void {
    clearTimeout(this.#patience);
    const phase = this.#phase;
    this.#phase = 'over';
    emitterOf(this.#request.body)?.off('error', this.#onBodyError);
    if (phase === 'waiting') this.#around.line.leave(this.#turn);
    else if (phase !== 'over') this.#around.line.ended(this.#turn);
  }
}

/** A body that is a stream: while the request waits, nobody else listens to its errors, and that would end the process. */
function emitterOf(body: unknown): Pick<NodeJS.EventEmitter, 'on' | 'off'> | undefined {
  const isEmitter = typeof body === 'object' && body !== null && 'on' in body && typeof body.on === 'function';
  return isEmitter ? (body as unknown as NodeJS.EventEmitter) : undefined;
}
