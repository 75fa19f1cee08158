import { errors } from 'undici';
import type { Controller } from './forwarding-handler.js';

/** How long the rest of the response may take, in milliseconds, before its connection is closed. */
const MAX_TIME = 1_000;

/** How much of the body is read so that the connection can be reused, in bytes. */
export const MAX_DISCARDED = 64 * 1024;

/**
 * Reads the rest of a response without passing it on, so that its connection can be reused. Aborts the request if that
 * takes too long.
 */
export class DiscardedResponse {
  readonly #controller: Controller;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #size: number;

  /** @param size - how many bytes of the body were read before */
  constructor(controller: Controller, size = 0) {
    this.#controller = controller;
    this.#size = size;
  }

  /** Reads on. Events of the response may come before this returns, so the handler must expect them. */
  read(): void {
    this.#timer = setTimeout(() => this.#abort(), MAX_TIME);
    this.#controller.resume(); // The handler may have paused earlier, and will not see this response.
  }

  onData(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > MAX_DISCARDED) this.#abort();
  }

  /** Stops the timer: the response has ended, or its end no longer matters. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #abort(): void {
    this.#controller.abort(new errors.RequestAbortedError());
  }
}
