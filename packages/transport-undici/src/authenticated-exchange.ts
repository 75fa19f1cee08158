import { type BearerCredentials, type BearerPolicy, isRepeatable } from '@frameio-auth/core/adapter';
import type { Dispatcher } from 'undici';
import { Caller } from './caller.js';
import type { AnswerHeaders, Controller } from './forwarding-handler.js';
import { RelayingHandler } from './relaying-handler.js';
import { repeatableHeaders, withHeaders } from './request-headers.js';

/** How much of the body of a 401 is kept until it is known whether it is the answer, or is read if not, in bytes. */
const MOST_OF_A_REJECTION = 64 * 1024;

/** How long the rest of a 401 that nobody is waiting for may take, in milliseconds, before its connection is given up. */
const PATIENCE = 1_000;

/** A 401 of which it is not yet known whether it is the caller's answer. */
interface HeldAnswer {
  readonly pass: () => void;
  readonly chunks: Buffer[];
  size: number;
  /** Passes on how it ended, if it has. */
  end?: () => void;
}

/**
 * What is one request for its caller: on the wire it is one with the token of the moment, and after a 401 perhaps
 * another one with the next token.
 */
export class AuthenticatedExchange extends RelayingHandler {
  readonly #dispatch: Dispatcher.Dispatch;
  readonly #policy: BearerPolicy;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #headers: Dispatcher.DispatchOptions['headers'];
  readonly #signal: AbortSignal | undefined;
  #credentials: BearerCredentials | undefined;
  /** What the redirect interceptor of undici tells, if there is one: the addresses so far, that of the answer included. */
  #history: readonly URL[] | undefined;
  #held: HeldAnswer | undefined;
  /** How much was read of an answer that nobody is waiting for. */
  #discarded: number | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(
    dispatch: Dispatcher.Dispatch,
    policy: BearerPolicy,
    request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    super(new Caller(handler));
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

  /** Ends the caller's request before there is an answer. */
  fail(error: Error): void {
    this.caller.fail(error);
  }

  override onRequestStart(controller: Controller, context: { readonly history?: readonly URL[] } | null): void {
    this.#history = context?.history;
    super.onRequestStart(controller, context);
  }

  override onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    const credentials = status === 401 && !this.#cameFromElsewhere() ? this.#credentials : undefined;
    if (credentials === undefined) {
      super.onResponseStart(controller, status, headers, message);
      return;
    }
    const { method, body } = this.#request;
    const repeatable = isRepeatable({ method, body, redirected: (this.#history?.length ?? 1) > 1 });
    const decision = this.#policy.reauthorize(credentials, repeatable, this.#signal);
    if (!repeatable) {
      super.onResponseStart(controller, status, headers, message); // It can only be the answer.
      return;
    }
    const pass = () => super.onResponseStart(controller, status, headers, message);
    this.#held = { pass, chunks: [], size: 0 };
    decision
      .then((next) => (next === undefined ? this.#release(controller) : this.#repeat(controller, next)))
      .catch((error) => {
        this.#discard(controller);
        this.fail(error);
      });
  }

  override onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#discarded !== undefined) {
      this.#discarded += chunk.length;
      if (this.#discarded > MOST_OF_A_REJECTION) giveUp(controller);
    } else if (this.#held !== undefined) {
      this.#held.chunks.push(chunk);
      this.#held.size += chunk.length;
      if (this.#held.size > MOST_OF_A_REJECTION) controller.pause();
    } else super.onResponseData(controller, chunk);
  }

  override onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    if (this.#isForTheCaller) super.onResponseEnd(controller, trailers);
    else this.#end(() => super.onResponseEnd(controller, trailers));
  }

  override onResponseError(controller: Controller, error: Error): void {
    if (this.caller.relay.aborted) this.#held = undefined; // The caller gave up: there is nothing to decide any longer.
    if (this.#isForTheCaller) super.onResponseError(controller, error);
    else this.#end(() => super.onResponseError(controller, error));
  }

  get #isForTheCaller(): boolean {
    return this.#held === undefined && this.#discarded === undefined;
  }

  #send({ headers }: BearerCredentials, handler: Dispatcher.DispatchHandler): void {
    try {
      // Made anew each time, because undici's interceptors and proxies change what they are given.
      this.#dispatch({ ...this.#request, headers: withHeaders(this.#headers, headers) }, handler);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** From a redirect to another origin on, the token was not sent, so a 401 from there says nothing about it. */
  #cameFromElsewhere(): boolean {
    return this.#history?.some(({ origin }, _, [first]) => origin !== first?.origin) ?? false;
  }

  #end(pass: () => void): void {
    clearTimeout(this.#patience);
    if (this.#held === undefined) return;
    this.#held.end = pass;
    this.caller.relay.end();
  }

  /** The 401 is the answer. */
  #release(controller: Controller): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    held.pass();
    for (const chunk of held.chunks) this.caller.data(chunk);
    if (held.end !== undefined) held.end();
    else if (!this.caller.relay.paused) controller.resume();
  }

  #repeat(controller: Controller, next: BearerCredentials): void {
    this.#discard(controller);
    if (!this.caller.relay.over) this.#send(next, new Repetition(this.caller));
  }

  /** Reads the rest of the 401, so that its connection can be used again, and tells nobody. */
  #discard(controller: Controller): void {
    const ended = this.#held === undefined || this.#held.end !== undefined;
    this.#discarded = this.#held?.size ?? 0;
    this.#held = undefined;
    this.caller.relay.end();
    if (ended) return;
    controller.resume();
    this.#patience = setTimeout(giveUp, PATIENCE, controller);
  }
}

function giveUp(controller: Controller): void {
  controller.abort(new Error('The rest of the answer is not wanted.'));
}

/** The second request on the wire, of which the caller only hears the answer. */
class Repetition extends RelayingHandler {
  override onRequestStart(controller: Controller): void {
    this.caller.relay.begin(controller);
  }
}
