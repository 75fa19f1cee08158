import type { Duplex } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import type { AnswerHeaders } from './forwarding-handler.js';
import { RelayController } from './relay-controller.js';

/**
 * Calls the handler of an exchange's caller. All calls are made here, so that the exchange settles whatever the handler
 * throws, at every stage, and whatever passes the event on: undici, another interceptor, a promise or a timer.
 *
 * An exception of a handler has the same effect as in undici (`lib/core/request.js`): the request is aborted, and
 * `onResponseError` gets the exception. The controller does not count as aborted then, because the caller has not given
 * up: `interceptors.retry()` throws in order to be called, and sends the request again.
 */
export class Caller {
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
    if (!this.relay.wanted) return;
    try {
      this.#handler.onRequestStart?.(this.relay, context);
    } catch (error) {
      this.fail(error);
    }
  }

  bodySent(chunk: Buffer): void {
    if (!this.relay.wanted) return;
    try {
      this.#handler.onBodySent?.(chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  requestSent(): void {
    if (!this.relay.wanted) return;
    try {
      this.#handler.onRequestSent?.();
    } catch (error) {
      this.fail(error);
    }
  }

  upgrade(status: number, headers: AnswerHeaders, socket: Duplex): void {
    if (!this.relay.wanted) return;
    try {
      this.#handler.onRequestUpgrade?.(this.relay, status, headers, socket);
    } catch (error) {
      this.fail(error);
    }
    if (this.relay.reason !== null) this.fail(this.relay.reason);
    if (this.relay.over) socket.destroy();
    this.relay.end();
    this.#finish();
  }

  responseStarted(): void {
    if (!this.relay.wanted) return;
    try {
      this.#handler.onResponseStarted?.();
    } catch (error) {
      this.fail(error);
    }
  }

  responseStart(status: number, headers: AnswerHeaders, message: string | undefined): void {
    if (!this.relay.wanted) return;
    try {
      this.#handler.onResponseStart?.(this.relay, status, headers, message);
    } catch (error) {
      this.fail(error);
    }
  }

  data(chunk: Buffer): void {
    if (!this.relay.wanted) return;
    try {
      this.#handler.onResponseData?.(this.relay, chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  end(trailers: AnswerHeaders): void {
    this.relay.end();
    // An interceptor such as dump() keeps reading after an abort.
    if (this.relay.reason !== null) this.fail(this.relay.reason);
    if (!this.#finish()) return;
    try {
      this.#handler.onResponseEnd?.(this.relay, trailers);
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Ends the exchange with an error, and aborts its request, if one is in flight. */
  fail(error: unknown): void {
    if (!this.#finish()) return;
    const reason = this.#tell(error);
    this.relay.abandon(reason);
  }

  #finish(): boolean {
    if (!this.relay.finish()) return false;
    this.#whenOver();
    return true;
  }

  #tell(error: unknown): Error {
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
