import type { Answer, Endpoint, ReceivedRequest } from './http-message.js';

/** One request that a fault handles, before it was processed. */
export interface Exchange {
  /** The request as received, including secrets. */
  readonly request: ReceivedRequest;
  /**
   * Processes the request as if there were no fault, and resolves to the real response; its effects remain. Further
   * calls return the same response without processing again.
   */
  process(options?: ProcessOptions): Promise<Answer>;
  /** Resolves `ms` milliseconds later, on the server's clock. */
  wait(ms: number): Promise<void>;
  /** Milliseconds since the Unix epoch, on the server's clock. */
  now(): number;
}

export interface ProcessOptions {
  /** Makes a refresh keep the refresh token and return none. Default: false. */
  readonly keepRefreshToken?: boolean;
}

/** A failure: takes an exchange and produces the response. `fault` has the common ones; any function can be used. */
export type Fault = (exchange: Exchange) => Answer | Promise<Answer>;

export interface FaultOptions {
  /** Selects the requests that it applies to. Default: all requests of the endpoint. */
  readonly when?: (request: ReceivedRequest) => boolean;
}

export interface QueuedFaultOptions extends FaultOptions {
  /** How many requests it applies to. Default: 1. */
  readonly times?: number;
}

/** An active fault, which can be removed. */
export interface PlacedFault {
  remove(): void;
}

/**
 * The faults of a server. At most one applies to a request: the first matching one in the queue, or else the permanent
 * one.
 */
export interface Faults {
  /** Queues a fault: it applies to the next request that no earlier fault in the queue matches. */
  next(endpoint: Endpoint, fault: Fault, options?: QueuedFaultOptions): PlacedFault;
  /** Adds a permanent fault; if several match a request, the last one added applies. */
  always(endpoint: Endpoint, fault: Fault, options?: FaultOptions): PlacedFault;
  /** Removes all faults. */
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

  /** Returns the fault that applies to this request, if any, and counts a use of a queued one. */
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
