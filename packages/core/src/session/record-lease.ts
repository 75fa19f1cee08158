import { randomText } from '../kernel/entropy.js';
import type { Lease, LeaseRequest } from '../kernel/token-storage.js';
import { policy } from '../machine/policy.js';
import { ignoreErrors, promised } from './calls.js';
import type { RecordPlace } from './record-place.js';

/** A session's lease on its record, while it holds one. */
export class RecordLease {
  readonly #place: RecordPlace;
  #owner: string | undefined;
  #held: Lease | undefined;

  constructor(place: RecordPlace) {
    this.#place = place;
  }

  get held(): Lease | undefined {
    return this.#held;
  }

  request(ifVersion: number): LeaseRequest {
    // The owner never changes, so a lease that was left with unwritten tokens does not block its own session.
    this.#owner ??= randomText(this.#place.entropy, 12);
    return { owner: this.#owner, ttl: policy.leaseTtl, ifVersion };
  }

  hold(lease: Lease): void {
    this.#held = lease;
  }

  /** Renews the lease. Failure or a lost lease changes nothing: the commit decides. */
  renew(): void {
    const lease = this.#held;
    if (lease !== undefined) ignoreErrors(() => this.#place.storage.renew(lease));
  }

  /** Keeps the lease until it expires, so that the next holder learns that it was abandoned. */
  leave(): void {
    this.#held = undefined;
  }

  /** Releases the lease. If that fails, it expires. */
  async release(): Promise<void> {
    const lease = this.#held;
    if (lease === undefined) return;
    this.#held = undefined;
    await promised(() => this.#place.storage.release(lease)).catch(() => {});
  }
}
