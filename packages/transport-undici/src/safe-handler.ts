import type { Duplex } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import type { ResponseHeaders } from './forwarding-handler.js';
import { RelayController } from './relay-controller.js';

/**
 * Calls a caller's handler. All calls are made here, so that the request settles whatever the handler throws, at every
 * stage, and whatever passes the event on: undici, another interceptor, a promise or a timer.
 *
 * An exception of a handler has the same effect as in undici (`lib/core/request.js`): the request is aborted, and
 * `onResponseError` gets the exception. The controller does not count as aborted then, because the caller has not given
 * up: `interceptors.retry()` throws in order to be called, and sends the request again.
 */
export class SafeHandler {
  readonly relay: RelayController;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #whenOver: () => void;

  /**
   * @param whenOver - called once, before the handler is told the end
   */
  constructor(handler: Dispatcher.DispatchHandler, whenOver: () => void = () => {}) {
    this.relay = new RelayController((reason) => this.fail(reason));
    this.#handler = handler;
    this.#whenOver = whenOver;
  }

  start(context: unknown): void {
    this.#call(() => this.#handler.onRequestStart?.(this.relay, context));
  }

  bodySent(chunk: Buffer): void {
    this.#call(() => this.#handler.onBodySent?.(chunk));
  }

  requestSent(): void {
    this.#call(() => this.#handler.onRequestSent?.());
  }

  upgrade(status: number, headers: ResponseHeaders, socket: Duplex): void {
    if (!this.relay.wanted) return;
    this.#call(() => this.#handler.onRequestUpgrade?.(this.relay, status, headers, socket));
    if (this.relay.reason !== null) this.fail(this.relay.reason);
    if (this.relay.over) socket.destroy();
    this.relay.end();
    this.#finish();
  }

  responseStarted(): void {
    this.#call(() => this.#handler.onResponseStarted?.());
  }

  responseStart(status: number, headers: ResponseHeaders, message: string | undefined): void {
    this.#call(() => this.#handler.onResponseStart?.(this.relay, status, headers, message));
  }

  data(chunk: Buffer): void {
    this.#call(() => this.#handler.onResponseData?.(this.relay, chunk));
  }

  end(trailers: ResponseHeaders): void {
    this.relay.end();
    // An interceptor such as dump() keeps reading after an abort.
    if (this.relay.reason !== null) this.fail(this.relay.reason);
    if (!this.#finish()) return;
    try {
      this.#handler.onResponseEnd?.(this.relay, trailers);
    } catch (error) {
      this.#reportError(error);
    }
  }

  /** Ends the caller's request with an error, and aborts the request in flight, if there is one. */
  fail(error: unknown): void {
    if (this.#finish()) this.relay.abandon(this.#reportError(error));
  }

  #call(event: () => void): void {
    if (!this.relay.wanted) return;
    try {
      event();
    } catch (error) {
      this.fail(error);
    }
  }

  #finish(): boolean {
    if (!this.relay.finish()) return false;
    this.#whenOver();
    return true;
  }

  #reportError(error: unknown): Error {
    const reason = (error || new errors.RequestAbortedError()) as Error;
    try {
      this.#handler.onResponseError?.(this.relay, reason);
    } catch (thrown) {
      // No later event could report it. Thrown from here, it would look like an error of the code that called.
      queueMicrotask(() => {
        throw thrown;
      });
    }
    return reason;
  }
}
