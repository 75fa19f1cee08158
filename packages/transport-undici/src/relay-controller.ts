import { type Dispatcher, errors } from 'undici';

type Controller = Dispatcher.DispatchController;

/**
 * The controller that the caller's handler knows, once and for all, while the request behind it may be made anew: each
 * one on the wire has a controller of its own, and what the caller wishes is for the one that is there.
 */
export class RelayController implements Controller {
  readonly #onAbort: (reason: Error) => void;
  #target: Controller | undefined;
  #underWay = false;
  #paused = false;
  #reason: Error | null = null;
  #over = false;

  /** @param onAbort - called when the caller gives up while no request is on the wire that would tell its handler */
  constructor(onAbort: (reason: Error) => void) {
    this.#onAbort = onAbort;
  }

  /**
   * A request begins, and is the one that counts from now on. It is aborted if the exchange is over already.
   *
   * @returns whether it may go on
   */
  begin(target: Controller): boolean {
    if (this.#over) {
      target.abort(this.#reason ?? new errors.RequestAbortedError());
      return false;
    }
    this.#target = target;
    this.#underWay = true;
    if (this.#paused) target.pause();
    return true;
  }

  /** It has ended, or does not count any longer. */
  end(): void {
    this.#underWay = false;
  }

  /** Aborts it because nobody wants it any longer; for the caller that is no abort of its own. */
  abandon(reason: Error): void {
    if (!this.#underWay) return;
    this.#underWay = false;
    this.#target?.abort(reason);
  }

  /** Whether the caller's handler has still to be told the end; it is told once. */
  finish(): boolean {
    const first = !this.#over;
    this.#over = true;
    return first;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whether there is anybody to hear of what happens. */
  get wanted(): boolean {
    return !this.#over && this.#reason === null;
  }

  abort(reason: Error): void {
    if (this.#over || this.#reason !== null) return;
    this.#reason = reason ?? new errors.RequestAbortedError();
    if (this.#underWay) this.#target?.abort(this.#reason);
    else this.#onAbort(this.#reason);
  }

  pause(): void {
    this.#paused = true;
    this.#target?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#target?.resume();
  }

  get paused(): boolean {
    return this.#paused;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get rawHeaders(): NonNullable<Controller['rawHeaders']> | null {
    return this.#target?.rawHeaders ?? null;
  }

  get rawTrailers(): NonNullable<Controller['rawTrailers']> | null {
    return this.#target?.rawTrailers ?? null;
  }
}
