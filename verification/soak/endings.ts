import type { Dispatcher } from 'undici';

type Handler = Dispatcher.DispatchHandler;
type Heard<Event extends keyof Handler> = Parameters<NonNullable<Handler[Event]>>;

/** Counts how often the requests through it receive their end; the outermost interceptor. */
export class Endings {
  begun = 0;
  /** Requests that received their end. */
  ended = 0;
  /** How often a request received an event after its end. */
  late = 0;

  readonly interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) => {
    this.begun += 1;
    return dispatch(request, new CountingHandler(handler, this));
  };
}

class CountingHandler implements Handler {
  readonly #handler: Handler;
  readonly #endings: Endings;
  #ended = false;

  constructor(handler: Handler, endings: Endings) {
    this.#handler = handler;
    this.#endings = endings;
  }

  onRequestStart(...heard: Heard<'onRequestStart'>): void {
    this.#count({ ends: false });
    this.#handler.onRequestStart?.(...heard);
  }

  onBodySent(...heard: Heard<'onBodySent'>): void {
    this.#handler.onBodySent?.(...heard);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  onRequestUpgrade(...heard: Heard<'onRequestUpgrade'>): void {
    this.#count({ ends: true });
    this.#handler.onRequestUpgrade?.(...heard);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onResponseStart(...heard: Heard<'onResponseStart'>): void {
    this.#count({ ends: false });
    this.#handler.onResponseStart?.(...heard);
  }

  onResponseData(...heard: Heard<'onResponseData'>): void {
    this.#count({ ends: false });
    this.#handler.onResponseData?.(...heard);
  }

  onResponseEnd(...heard: Heard<'onResponseEnd'>): void {
    this.#count({ ends: true });
    this.#handler.onResponseEnd?.(...heard);
  }

  onResponseError(...heard: Heard<'onResponseError'>): void {
    this.#count({ ends: true });
    this.#handler.onResponseError?.(...heard);
  }

  #count({ ends }: { readonly ends: boolean }): void {
    if (this.#ended) this.#endings.late += 1;
    else if (ends) {
      this.#ended = true;
      this.#endings.ended += 1;
    }
  }
}
