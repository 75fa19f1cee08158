import type { Failure } from '../kernel/failure.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import { sanitizeText } from '../kernel/redaction.js';
import type { StoredRecord, Unsubscribe } from '../kernel/token-storage.js';
import { policy } from '../machine/policy.js';
import { ignoreErrors } from './calls.js';
import type { RecordPlace } from './record-place.js';

/** The server's `Retry-After`, as stored. */
interface StoredCoolDown {
  /** On the storage's clock, in milliseconds. */
  readonly until: number;
  readonly failure: Pick<Failure, 'code' | 'description'> & Partial<Pick<Failure, 'status' | 'debugId'>>;
}

/** Waits with ends that differ by less than this count as the same, in milliseconds. */
const ENOUGH = 1_000;

/**
 * Shares the server's `Retry-After` among all instances, because it applies to the whole client. The instance that
 * received it writes a record to the storage, and no instance requests tokens until it ends.
 *
 * The record is read once and then after hints, so it costs a refresh nothing. If a hint is lost, or the storage does
 * not respond, an instance sends one request and gets the `Retry-After` from the server itself.
 */
export class CoolDown {
  readonly #place: RecordPlace;
  readonly #key: string;
  #failure: Failure | undefined;
  /** When it ends, on this instance's clock. */
  #until = Number.NEGATIVE_INFINITY;
  #version = 0;
  #unwatch: Unsubscribe | undefined;
  #closed = false;

  constructor(place: RecordPlace, key: string) {
    this.#place = place;
    this.#key = key;
  }

  /** Reads what other instances received, and watches for changes. Only the first call has an effect. */
  begin(): void {
    if (this.#unwatch !== undefined || this.#closed) return;
    this.#unwatch = () => {};
    ignoreErrors(() => {
      this.#unwatch = this.#place.storage.watch(this.#key, (version) => {
        if (version > this.#version) ignoreErrors(() => this.#read());
      });
    });
    ignoreErrors(() => this.#read());
  }

  /** Why the server must not be called now, with the remaining wait; `undefined` if it may be. */
  get failure(): Failure | undefined {
    const rest = this.#until - this.#place.clock.now();
    return this.#failure === undefined || rest <= 0 ? undefined : { ...this.#failure, retryAfter: rest };
  }

  /** Shares a failure if it has a `Retry-After`. */
  note(failure: Failure): void {
    const { kind, source, retryAfter = 0 } = failure;
    if (kind === 'transient' && source === 'server' && retryAfter > 0)
      ignoreErrors(() => this.#write(failure, retryAfter));
  }

  close(): void {
    this.#closed = true;
    ignoreErrors(() => this.#unwatch?.());
  }

  async #read(): Promise<void> {
    const { record, now } = await this.#place.storage.read(this.#key);
    this.#learn(record, now);
  }

  async #write(failure: Failure, retryAfter: number): Promise<void> {
    const wait = Math.min(retryAfter, policy.longestRetryAfter);
    const { storage, clock } = this.#place;
    // Many sessions get the same `Retry-After` at once, each some moments later than the one before.
    const isKnown = clock.now() + wait <= this.#until + ENOUGH;
    this.#rest(failure, clock.now() + wait);
    if (isKnown) return;
    const reading = await storage.read(this.#key);
    const until = reading.now + wait;
    for (let known = reading.record; ; ) {
      // Keep the longest wait that any of them received.
      if (known !== undefined && (parse(known.value)?.until ?? 0) + ENOUGH >= until) return;
      const { code, description, status, debugId } = failure;
      const words = { code, description, ...(status !== undefined && { status }), ...(debugId && { debugId }) };
      const value = JSON.stringify({ until, failure: words } satisfies StoredCoolDown);
      const request = { value, expectedVersion: known?.version ?? 0, expiresAt: until };
      const reply = await storage.commit(this.#key, request);
      if (reply.outcome === 'committed') {
        this.#version = reply.version;
        return;
      }
      known = reply.record;
    }
  }

  #learn(record: StoredRecord | undefined, storageNow: number): void {
    if (record === undefined || record.version <= this.#version) return;
    this.#version = record.version;
    const told = parse(record.value);
    if (told === undefined) return;
    // Whatever the record says, no instance waits longer than for a `Retry-After` of the server itself.
    const wait = Math.min(told.until - storageNow, policy.longestRetryAfter);
    this.#rest(told.failure, this.#place.clock.now() + wait);
  }

  #rest(failure: Failure, until: number): void {
    if (until <= this.#until) return;
    this.#failure = failure;
    this.#until = until;
  }
}

/** Returns `undefined` for an invalid record. The record is only advice, so it may be ignored. */
function parse(value: string): { readonly until: number; readonly failure: Failure } | undefined {
  try {
    const { until, failure } = JSON.parse(value);
    const { code, description, status, debugId } = failure;
    const words = { kind: 'transient', source: 'server', code, description, status, debugId };
    const told = foreignFailure(words, sanitizeText);
    return Number.isFinite(until) && told !== undefined ? { until, failure: told } : undefined;
  } catch {
    return undefined;
  }
}
