import type { Dispatcher } from 'undici';
import { type Arguments, ForwardingHandler } from './forwarding-handler.js';
import type { RelayController } from './relay-controller.js';

/** Passes on what a request on the wire does, under the controller that the caller's handler knows. */
export class RelayingHandler extends ForwardingHandler {
  protected readonly relay: RelayController;

  constructor(handler: Dispatcher.DispatchHandler, relay: RelayController) {
    super(handler);
    this.relay = relay;
  }

  override onRequestStart(...[controller, context]: Arguments<'onRequestStart'>): void {
    this.relay.begin(controller);
    super.onRequestStart(this.relay, context);
  }

  override onRequestUpgrade(...[, ...upgrade]: Arguments<'onRequestUpgrade'>): void {
    this.relay.end();
    if (this.relay.finish()) super.onRequestUpgrade(this.relay, ...upgrade);
  }

  override onResponseStart(...[, ...head]: Arguments<'onResponseStart'>): void {
    super.onResponseStart(this.relay, ...head);
  }

  override onResponseData(...[, chunk]: Arguments<'onResponseData'>): void {
    super.onResponseData(this.relay, chunk);
  }

  override onResponseEnd(...[, trailers]: Arguments<'onResponseEnd'>): void {
    this.relay.end();
    if (this.relay.finish()) super.onResponseEnd(this.relay, trailers);
  }

  override onResponseError(...[, error]: Arguments<'onResponseError'>): void {
    this.relay.end();
    if (this.relay.finish()) super.onResponseError(this.relay, error);
  }
}
