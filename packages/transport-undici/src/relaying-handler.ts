import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type AnswerHeaders, type Controller, ForwardingHandler } from './forwarding-handler.js';
import type { RelayController } from './relay-controller.js';

/** Passes on what a request on the wire does, under the controller that the caller's handler knows. */
export class RelayingHandler extends ForwardingHandler {
  protected readonly relay: RelayController;

  constructor(handler: Dispatcher.DispatchHandler, relay: RelayController) {
    super(handler);
    this.relay = relay;
  }

  override onRequestStart(controller: Controller, context: unknown): void {
    this.relay.begin(controller);
    super.onRequestStart(this.relay, context);
  }

  override onRequestUpgrade(_: Controller, status: number, headers: AnswerHeaders, socket: Duplex): void {
    this.relay.end();
    if (this.relay.finish()) super.onRequestUpgrade(this.relay, status, headers, socket);
  }

  override onResponseStart(_: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    super.onResponseStart(this.relay, status, headers, message);
  }

  override onResponseData(_: Controller, chunk: Buffer): void {
    super.onResponseData(this.relay, chunk);
  }

  override onResponseEnd(_: Controller, trailers: AnswerHeaders): void {
    this.relay.end();
    if (this.relay.finish()) super.onResponseEnd(this.relay, trailers);
  }

  override onResponseError(_: Controller, error: Error): void {
    this.relay.end();
    if (this.relay.finish()) super.onResponseError(this.relay, error);
  }
}
