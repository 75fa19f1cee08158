import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Caller } from './caller.js';
import type { AnswerHeaders, Controller } from './forwarding-handler.js';

/**
 * Forwards the events of a request in flight, with the controller that the caller's handler knows. It never throws the
 * handler's exceptions.
 */
export class RelayingHandler implements Dispatcher.DispatchHandler {
  protected readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    if (this.caller.relay.begin(controller)) this.caller.start(context);
  }

  onBodySent(chunk: Buffer): void {
    this.caller.bodySent(chunk);
  }

  onRequestSent(): void {
    this.caller.requestSent();
  }

  onRequestUpgrade(_: Controller, status: number, headers: AnswerHeaders, socket: Duplex): void {
    this.caller.upgrade(status, headers, socket);
  }

  onResponseStarted(): void {
    this.caller.responseStarted();
  }

  onResponseStart(_: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    this.caller.responseStart(status, headers, message);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.caller.data(chunk);
  }

  onResponseEnd(_: Controller, trailers: AnswerHeaders): void {
    this.caller.end(trailers);
  }

  onResponseError(_: Controller, error: Error): void {
    this.caller.relay.end();
    this.caller.fail(error);
  }
}
