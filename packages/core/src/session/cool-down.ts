import type { Failure } from '../kernel/failure.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import { cleanText } from '../kernel/foreign-text.js';
import type { StoredRecord, Unsubscribe } from '../kernel/token-storage.js';
import { policy } from '../machine/policy.js';
import { harmlessly } from './calls.js';
import type { RecordPlace } from './session-record.js';

/** The server's wish to be left alone, as it stands in storage. */
interface StoredCoolDown {
  /** On the storage's clock. */
  readonly until: number;
  readonly failure: Pick<Failure, 'code' | 'description'> & Partial<Pick<Failure, 'status' | 'debugId'>>;
}

/** A wait that is longer by less than this is the same one, in milliseconds. */
const ENOUGH = 1_000;

/**
 * The `Retry-After` of the server, which is meant for the whole client: one instance that was told to wait tells all
 * others by a record in storage, and none of them asks for tokens meanwhile.
 *
 * It is read once and then by hints, so it costs a renewal nothing. Where a hint is lost, or the storage does not
 * answer, an instance asks once and is told by the server itself.
 */
export class CoolDown {
  readonly #place: RecordPlace;
  readonly #key: string;
  #failure: Failure | undefined;
  /** When it is over, on this instance's clock. */
  #until = Number.NEGATIVE_INFINITY;
  #version = 0;
  #unwatch: Unsubscribe | undefined;
  #closed = false;

  constructor(place: RecordPlace, key: string) {
    this.#place = place;
    this.#key = key;
  }

  /** Looks what other instances were told. Only the first call does anything. */
  begin(): void {
    if (this.#unwatch !== undefined || this.#closed) return;
    this.#unwatch = () => {};
    harmlessly(() => {
      this.#unwatch = this.#place.storage.watch(this.#key, (version) => {
        if (version > this.#version) harmlessly(() => this.#read());
      });
    });
    harmlessly(() => this.#read());
  }

  /** Why not to ask the server now, with the rest of the wait; `undefined` when nothing is in the way. */
  get failure(): Failure | undefined {
    const rest = this.#until - this.#place.clock.now();
    return this.#failure === undefined || rest <= 0 ? undefined : { ...this.#failure, retryAfter: rest };
  }

  /** Tells the others of a failure, if it is one that asks to wait. */
  note(failure: Failure): void {
    const { kind, source, retryAfter = 0 } = failure;
    if (kind === 'transient' && source === 'server' && retryAfter > 0)
      harmlessly(() => this.#write(failure, retryAfter));
  }

  close(): void {
    this.#closed = true;
    harmlessly(() => this.#unwatch?.());
  }

  async #read(): Promise<void> {
    const { record, now } = await this.#place.storage.read(this.#key);
    this.#learn(record, now);
  }

  async #write(failure: Failure, retryAfter: number): Promise<void> {
    const wait = Math.min(retryAfter, policy.longestRetryAfter);
    const { storage, clock } = this.#place;
    // Many are told the same at once, each some moments later than the one before.
    const isKnown = clock.now() + wait <= this.#until + ENOUGH;
    this.#rest(failure, clock.now() + wait);
    if (isKnown) return;
    const reading = await storage.read(this.#key);
    const until = reading.now + wait;
    for (let known = reading.record; ; ) {
      // The longest wait that any of them was told of is the one to keep.
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
    // Whatever the record says, nobody is kept from the server for longer than the server itself is believed.
    const wait = Math.min(told.until - storageNow, policy.longestRetryAfter);
    this.#rest(told.failure, this.#place.clock.now() + wait);
  }

  #rest(failure: Failure, until: number): void {
    if (until <= this.#until) return;
    this.#failure = failure;
    this.#until = until;
  }
}

/** `undefined` for what is no such record: it is only a wish, so what cannot be read is no trouble. */
function parse(value: string): { readonly until: number; readonly failure: Failure } | undefined {
  try {
    const { until, failure } = JSON.parse(value);
    const { code, description, status, debugId } = failure;
    const words = { kind: 'transient', source: 'server', code, description, status, debugId };
    const told = foreignFailure(words, cleanText);
    return Number.isFinite(until) && told !== undefined ? { until, failure: told } : undefined;
  } catch {
    return undefined;
  }
}
