import type { Answer, Endpoint, ReceivedRequest } from './http-message.js';

/** What a fault has in its hands: one request, before it was processed. */
export interface Exchange {
  /** The request as it came, secrets and all. */
  readonly request: ReceivedRequest;
  /**
   * Processes the request as if there were no fault, and resolves to the true answer; what it changed stays changed.
   * Called again, it gives the same answer without processing again.
   */
  process(options?: ProcessOptions): Promise<Answer>;
  /** Resolves `ms` milliseconds later, on the server's clock. */
  wait(ms: number): Promise<void>;
  /** Milliseconds since the Unix epoch, on the server's clock. */
  now(): number;
}

export interface ProcessOptions {
  /** Lets a refresh leave the refresh token as it is, and answer none. Default: false. */
  readonly keepRefreshToken?: boolean;
}

/** Something that goes wrong: takes an exchange and makes the answer. `fault` has the usual ones; any function will do. */
export type Fault = (exchange: Exchange) => Answer | Promise<Answer>;

export interface FaultOptions {
  /** Which requests it is for. Default: all of the endpoint. */
  readonly when?: (request: ReceivedRequest) => boolean;
}

export interface QueuedFaultOptions extends FaultOptions {
  /** How many requests it meets. Default: 1. */
  readonly times?: number;
}

/** A fault that is in place, to be taken away. */
export interface PlacedFault {
  remove(): void;
}

/** The faults of a server. A request meets one at most: the first queued one that is for it, else the standing one. */
export interface Faults {
  /** Queues a fault: it meets the next request that no fault queued earlier is for. */
  next(endpoint: Endpoint, fault: Fault, options?: QueuedFaultOptions): PlacedFault;
  /** Places a fault that stays; of several that are for a request, it meets the one placed last. */
  always(endpoint: Endpoint, fault: Fault, options?: FaultOptions): PlacedFault;
  /** Takes all of them away. */
  clear(): void;
}

interface Entry {
  readonly endpoint: Endpoint;
  readonly fault: Fault;
  readonly when: (request: ReceivedRequest) => boolean;
  remaining: number;
}

export class FaultQueue implements Faults {
  readonly #queued = new Set<Entry>();
  readonly #standing = new Set<Entry>();

  next(endpoint: Endpoint, fault: Fault, { when = () => true, times = 1 }: QueuedFaultOptions = {}): PlacedFault {
    return place(this.#queued, { endpoint, fault, when, remaining: times });
  }

  always(endpoint: Endpoint, fault: Fault, { when = () => true }: FaultOptions = {}): PlacedFault {
    return place(this.#standing, { endpoint, fault, when, remaining: Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#queued.clear();
    this.#standing.clear();
  }

  /** The fault that this request meets, if any; a queued one is used up by it. */
  take(request: ReceivedRequest): Fault | undefined {
    const meets = (entry: Entry): boolean => entry.endpoint === request.endpoint && entry.when(request);
    const queued = [...this.#queued].find(meets);
    if (queued === undefined) return [...this.#standing].findLast(meets)?.fault;
    queued.remaining -= 1;
    if (queued.remaining <= 0) this.#queued.delete(queued);
    return queued.fault;
  }
}

function place(entries: Set<Entry>, entry: Entry): PlacedFault {
  entries.add(entry);
  return { remove: () => void entries.delete(entry) };
}
