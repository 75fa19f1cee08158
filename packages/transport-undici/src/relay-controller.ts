import { type Dispatcher, errors } from 'undici';

type Controller = Dispatcher.DispatchController;

/**
 * The controller that the caller's handler sees. It stays the same while the request behind it may be replaced: each
 * request in flight has its own controller, and the caller's calls are forwarded to the current one.
 */
export class RelayController implements Controller {
  readonly #onAbort: (reason: Error) => void;
  #target: Controller | undefined;
  #underWay = false;
  #paused = false;
  #reason: Error | null = null;
  #over = false;

  /**
   * @param onAbort - called if the caller aborts while no request is in flight that would notify its handler
   */
  constructor(onAbort: (reason: Error) => void) {
    this.#onAbort = onAbort;
  }

  /**
   * Makes a request the current one. If the exchange has already ended, the request is aborted.
   *
   * @returns whether it may continue
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

  /** Notes that the request has ended or no longer counts. */
  end(): void {
    this.#underWay = false;
  }

  /** Aborts a request that is no longer needed; the caller does not see this as its own abort. */
  abandon(reason: Error): void {
    if (!this.#underWay) return;
    this.#underWay = false;
    this.#target?.abort(reason);
  }

  /** Marks the exchange as ended. Returns `true` only the first time, when the caller's handler must be notified. */
  finish(): boolean {
    const first = !this.#over;
    this.#over = true;
    return first;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whether the caller still expects events. */
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
