import type { Dispatcher } from 'undici';

type Handler = Dispatcher.DispatchHandler;
type Arguments<Event extends keyof Handler> = Parameters<NonNullable<Handler[Event]>>;

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

  onRequestStart(...args: Arguments<'onRequestStart'>): void {
    this.#count({ ends: false });
    this.#handler.onRequestStart?.(...args);
  }

  onBodySent(...args: Arguments<'onBodySent'>): void {
    this.#handler.onBodySent?.(...args);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  onRequestUpgrade(...args: Arguments<'onRequestUpgrade'>): void {
    this.#count({ ends: true });
    this.#handler.onRequestUpgrade?.(...args);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onResponseStart(...args: Arguments<'onResponseStart'>): void {
    this.#count({ ends: false });
    this.#handler.onResponseStart?.(...args);
  }

  onResponseData(...args: Arguments<'onResponseData'>): void {
    this.#count({ ends: false });
    this.#handler.onResponseData?.(...args);
  }

  onResponseEnd(...args: Arguments<'onResponseEnd'>): void {
    this.#count({ ends: true });
    this.#handler.onResponseEnd?.(...args);
  }

  onResponseError(...args: Arguments<'onResponseError'>): void {
    this.#count({ ends: true });
    this.#handler.onResponseError?.(...args);
  }

  #count({ ends }: { readonly ends: boolean }): void {
    if (this.#ended) this.#endings.late += 1;
    else if (ends) {
      this.#ended = true;
      this.#endings.ended += 1;
    }
  }
}
