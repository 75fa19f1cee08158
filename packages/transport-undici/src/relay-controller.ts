import type { Dispatcher } from 'undici';

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

  /** A request begins, and is the one that counts from now on. */
  begin(target: Controller): void {
    this.#target = target;
    this.#underWay = true;
    if (this.#paused) target.pause();
  }

  /** It has ended, or does not count any longer. */
  end(): void {
    this.#underWay = false;
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

  abort(reason: Error): void {
    if (this.#over || this.#reason !== null) return;
    this.#reason = reason;
    if (this.#underWay) this.#target?.abort(reason);
    else this.#onAbort(reason);
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
