import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Controller, ResponseHeaders } from './forwarding-handler.js';
import type { SafeHandler } from './safe-handler.js';

/**
 * Forwards the events of a request in flight, with the controller that the caller's handler knows. It never throws the
 * handler's exceptions.
 */
export class RelayingHandler implements Dispatcher.DispatchHandler {
  protected readonly caller: SafeHandler;

  constructor(caller: SafeHandler) {
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

  onRequestUpgrade(_: Controller, status: number, headers: ResponseHeaders, socket: Duplex): void {
    this.caller.upgrade(status, headers, socket);
  }

  onResponseStarted(): void {
    this.caller.responseStarted();
  }

  onResponseStart(_: Controller, status: number, headers: ResponseHeaders, message?: string): void {
    this.caller.responseStart(status, headers, message);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.caller.data(chunk);
  }

  onResponseEnd(_: Controller, trailers: ResponseHeaders): void {
    this.caller.end(trailers);
  }

  onResponseError(_: Controller, error: Error): void {
    this.caller.relay.end();
    this.caller.fail(error);
  }
}
