import { type BearerCredentials, type BearerPolicy, isRepeatable } from '@frameio-auth/core/adapter';
import type { Dispatcher } from 'undici';
import { DiscardedResponse, MAX_DISCARDED } from './discarded-response.js';
import type { Controller, ResponseHeaders } from './forwarding-handler.js';
import { RelayingHandler } from './relaying-handler.js';
import { repeatableHeaders, withHeaders } from './request-headers.js';
import { SafeHandler } from './safe-handler.js';

/** A 401 that may or may not become the caller's response. */
interface HeldResponse {
  readonly pass: () => void;
  readonly chunks: Buffer[];
  size: number;
  /** Passes on how the response ended, if it has. */
  end?: () => void;
}

/**
 * Handles one request of a caller: sends it with the current token, and after a 401 possibly again with the next token.
 */
export class AuthenticatedRequest extends RelayingHandler {
  readonly #dispatch: Dispatcher.Dispatch;
  readonly #policy: BearerPolicy;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #headers: Dispatcher.DispatchOptions['headers'];
  readonly #signal: AbortSignal | undefined;
  #credentials: BearerCredentials | undefined;
  /**
   * The addresses so far, including that of the response, as reported by undici's redirect interceptor, if it is used.
   */
  #history: readonly URL[] | undefined;
  #held: HeldResponse | undefined;
  #discarded: DiscardedResponse | undefined;

  constructor(
    dispatch: Dispatcher.Dispatch,
    policy: BearerPolicy,
    request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    super(new SafeHandler(handler));
    this.#dispatch = dispatch;
    this.#policy = policy;
    this.#request = request;
    this.#headers = repeatableHeaders(request.headers) ?? null;
    const { signal } = request as { readonly signal?: unknown };
    this.#signal = signal instanceof AbortSignal ? signal : undefined;
  }

  begin(): void {
    this.#policy
      .authorize(this.#signal)
      .then((credentials) => {
        this.#credentials = credentials;
        this.#send(credentials, this);
      })
      .catch((error) => this.fail(error));
  }

  /** Ends the caller's request before there is a response. */
  fail(error: Error): void {
    this.caller.fail(error);
  }

  override onRequestStart(controller: Controller, context: { readonly history?: readonly URL[] } | null): void {
    this.#history = context?.history;
    super.onRequestStart(controller, context);
  }

  override onResponseStart(controller: Controller, status: number, headers: ResponseHeaders, message?: string): void {
    const credentials = status === 401 && !this.#cameFromElsewhere() ? this.#credentials : undefined;
    if (credentials === undefined) {
      super.onResponseStart(controller, status, headers, message);
      return;
    }
    const { method, body } = this.#request;
    const repeatable = isRepeatable({ method, body, redirected: (this.#history?.length ?? 1) > 1 });
    const decision = this.#policy.reauthorize(credentials, repeatable, this.#signal);
    if (!repeatable) {
      super.onResponseStart(controller, status, headers, message); // This is the final response.
      return;
    }
    const pass = () => super.onResponseStart(controller, status, headers, message);
    this.#held = { pass, chunks: [], size: 0 };
    decision
      .then((next) => (next === undefined ? this.#release(controller) : this.#retry(controller, next)))
      .catch((error) => {
        this.#discard(controller);
        this.fail(error);
      });
  }

  override onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#discarded !== undefined) this.#discarded.onData(chunk);
    else if (this.#held !== undefined) {
      this.#held.chunks.push(chunk);
      this.#held.size += chunk.length;
      if (this.#held.size > MAX_DISCARDED) controller.pause();
    } else super.onResponseData(controller, chunk);
  }

  override onResponseEnd(controller: Controller, trailers: ResponseHeaders): void {
    if (this.#isForCaller) super.onResponseEnd(controller, trailers);
    else this.#end(() => super.onResponseEnd(controller, trailers));
  }

  override onResponseError(controller: Controller, error: Error): void {
    if (this.caller.relay.aborted) this.#held = undefined; // The caller has aborted, so there is nothing left to decide.
    if (this.#isForCaller) super.onResponseError(controller, error);
    else this.#end(() => super.onResponseError(controller, error));
  }

  get #isForCaller(): boolean {
    return this.#held === undefined && this.#discarded === undefined;
  }

  #send({ headers }: BearerCredentials, handler: Dispatcher.DispatchHandler): void {
    try {
      // A new object each time, because interceptors and proxies of undici modify their argument.
      this.#dispatch({ ...this.#request, headers: withHeaders(this.#headers, headers) }, handler);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /**
   * Whether a redirect led to another origin. From there on, the token was not sent, so a 401 says nothing about it.
   */
  #cameFromElsewhere(): boolean {
    return this.#history?.some(({ origin }, _, [first]) => origin !== first?.origin) ?? false;
  }

  #end(pass: () => void): void {
    this.#discarded?.stop();
    if (this.#held === undefined) return;
    this.#held.end = pass;
    this.caller.relay.end();
  }

  /** Passes the 401 on as the response. */
  #release(controller: Controller): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    held.pass();
    for (const chunk of held.chunks) this.caller.data(chunk);
    if (held.end !== undefined) held.end();
    else if (!this.caller.relay.paused) controller.resume();
  }

  #retry(controller: Controller, next: BearerCredentials): void {
    this.#discard(controller);
    if (!this.caller.relay.over) this.#send(next, new Retry(this.caller));
  }

  /** Reads the rest of the 401 without passing it on, so that its connection can be reused. */
  #discard(controller: Controller): void {
    const held = this.#held;
    this.#discarded = new DiscardedResponse(controller, held?.size);
    this.#held = undefined;
    this.caller.relay.end();
    if (held !== undefined && held.end === undefined) this.#discarded.read();
  }
}

/** The retry, of which the caller sees only the response. */
class Retry extends RelayingHandler {
  override onRequestStart(controller: Controller): void {
    this.caller.relay.begin(controller);
  }
}
