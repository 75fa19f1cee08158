import type { Dispatcher } from 'undici';

type Handler = Dispatcher.DispatchHandler;
export type Arguments<Event extends keyof Handler> = Parameters<NonNullable<Handler[Event]>>;

/** A handler of undici's that passes all it hears on to another; made to be extended where something is to be different. */
export class ForwardingHandler implements Handler {
  protected readonly handler: Handler;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  onRequestStart(...heard: Arguments<'onRequestStart'>): void {
    this.handler.onRequestStart?.(...heard);
  }

  onBodySent(...heard: Arguments<'onBodySent'>): void {
    this.handler.onBodySent?.(...heard);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }

  onRequestUpgrade(...heard: Arguments<'onRequestUpgrade'>): void {
    this.handler.onRequestUpgrade?.(...heard);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onResponseStart(...heard: Arguments<'onResponseStart'>): void {
    this.handler.onResponseStart?.(...heard);
  }

  onResponseData(...heard: Arguments<'onResponseData'>): void {
    this.handler.onResponseData?.(...heard);
  }

  onResponseEnd(...heard: Arguments<'onResponseEnd'>): void {
    this.handler.onResponseEnd?.(...heard);
  }

  onResponseError(...heard: Arguments<'onResponseError'>): void {
    this.handler.onResponseError?.(...heard);
  }
}
