import { AsyncResource } from 'node:async_hooks';
import type { RateLimitError } from '@frameio-auth/core';
import { isRepeatable } from '@frameio-auth/core/adapter';
import type { Dispatcher } from 'undici';
import { DiscardedResponse } from './discarded-response.js';
import type { Controller, ResponseHeaders } from './forwarding-handler.js';
import { limitNotice } from './limit-notice.js';
import { RelayingHandler } from './relaying-handler.js';
import { repeatableHeaders } from './request-headers.js';
import type { QueuedRequest, RequestQueue, Sender } from './request-queue.js';
import { SafeHandler } from './safe-handler.js';

export interface Dependencies {
  readonly dispatch: Dispatcher.Dispatch;
  readonly queue: RequestQueue;
  /** The key of the limit that the request counts against. */
  readonly limitKey: string;
  /** How often it may be retried after a 429. */
  readonly retries: number;
  readonly now: () => number;
}

/**
 * `waiting` for a slot or its limit; `dispatched`; `begun` by undici; `rejected`: the rest of the 429 is read before it
 * waits again; `done`: it occupies no slot.
 */
type Phase = 'waiting' | 'dispatched' | 'begun' | 'rejected' | 'done';

/**
 * Handles one request of a caller: it waits in the queue, and possibly again after a 429.
 *
 * The handler gets the start before the wait, because only then can it abort a waiting request, with every function of
 * undici.
 */
export class ThrottledRequest extends RelayingHandler implements Sender {
  readonly #request: Dispatcher.DispatchOptions;
  readonly #dependencies: Dependencies;
  readonly #entry: QueuedRequest;
  /** The end of one request starts another, which must not run in the async context of the first. */
  readonly #scope = new AsyncResource('FrameioApiRequest');
  /** What interceptors report when the request is sent, such as its redirects. It is not known at the start. */
  readonly #context: object = {};
  #phase: Phase = 'waiting';
  #retriesLeft: number;
  #discarded: DiscardedResponse | undefined;
  #busy = false;

  constructor(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, dependencies: Dependencies) {
    super(new SafeHandler(handler, () => this.#leave()));
    const { headers } = request;
    this.#request = headers === undefined ? request : { ...request, headers: repeatableHeaders(headers) ?? null };
    this.#dependencies = dependencies;
    this.#retriesLeft = dependencies.retries;
    this.#entry = dependencies.queue.entry(this, dependencies.limitKey);
  }

  /**
   * @returns `false` if it was sent and undici reports that it is busy
   */
  start(): boolean {
    this.caller.start(this.#context);
    if (!this.caller.relay.over) {
      emitterOf(this.#request.body)?.on('error', this.#onBodyError);
      this.#dependencies.queue.add(this.#entry);
    }
    return !this.#busy;
  }

  send(): void {
    this.#phase = 'dispatched';
    try {
      this.#busy = !this.#scope.runInAsyncScope(this.#dependencies.dispatch, undefined, this.#request, this);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  reject(error: RateLimitError): void {
    this.#fail(error);
  }

  override onRequestStart(controller: Controller, context: unknown): void {
    if (!this.caller.relay.begin(controller)) return;
    this.#phase = 'begun';
    Object.assign(this.#context, context); // The handler got the start before the wait.
  }

  override onResponseStart(controller: Controller, status: number, headers: ResponseHeaders, message?: string): void {
    if (!this.caller.relay.wanted) return;
    if (status >= 200) {
      const notice = limitNotice(status, headers, this.#dependencies.now());
      const inTime = this.#dependencies.queue.onResponse(this.#entry, notice);
      // A request that was sent or rejected because of this response may have aborted this one.
      if (!this.caller.relay.wanted) return;
      if (notice.rejected && inTime && this.#retriesLeft > 0 && this.#isRepeatable) {
        this.#phase = 'rejected';
        this.#retriesLeft -= 1;
        this.#discarded = new DiscardedResponse(controller);
        this.#discarded.read();
        return;
      }
    }
    super.onResponseStart(controller, status, headers, message);
  }

  override onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#phase === 'rejected') this.#discarded?.onData(chunk);
    else super.onResponseData(controller, chunk);
  }

  override onResponseEnd(controller: Controller, trailers: ResponseHeaders): void {
    if (this.#phase === 'rejected' && !this.caller.relay.aborted) this.#retry();
    else super.onResponseEnd(controller, trailers);
  }

  override onResponseError(controller: Controller, error: Error): void {
    // A 429 has rejected the request even if its body is incomplete.
    if (this.#phase === 'rejected' && !this.caller.relay.aborted) this.#retry();
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

  #retry(): void {
    this.#discarded?.stop();
    this.#phase = 'waiting';
    this.caller.relay.end();
    this.#dependencies.queue.requeue(this.#entry);
  }

  /** Ends the request with an error that is not from undici, in the async context of its caller. */
  #fail(error: Error): void {
    this.#scope.runInAsyncScope(() => this.caller.fail(error));
  }

  /** Frees the slot in the queue, whether the request was waiting or sent. */
  #leave(): void {
    this.#discarded?.stop();
    const phase = this.#phase;
    this.#phase = 'done';
    emitterOf(this.#request.body)?.off('error', this.#onBodyError);
    if (phase === 'waiting') this.#dependencies.queue.remove(this.#entry);
    else if (phase !== 'done') this.#dependencies.queue.onEnd(this.#entry);
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
