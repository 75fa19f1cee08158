/** A session that a test drives event by event. */
import type { RecordFacts } from '../../src/kernel/record-facts.js';
import type { TokenFacts } from '../../src/kernel/token-set.js';
import type { SessionContext, SessionInput } from '../../src/machine/context.js';
import type { Effect, EffectName, EffectParameters } from '../../src/machine/effects.js';
import type { SessionOccurrence } from '../../src/machine/events.js';
import { initialSnapshot, pathOf, transition } from '../../src/machine/transition.js';
import { record, START, tokens } from './fixtures.js';

export class TestSession {
  #snapshot: ReturnType<typeof initialSnapshot>;
  now = START;
  /** The effects of the last event. */
  effects: readonly Effect[] = [];

  constructor(input: SessionInput) {
    this.#snapshot = initialSnapshot(input);
  }

  /** Sends an event to the session. */
  send(occurrence: SessionOccurrence): this {
    [this.#snapshot, this.effects] = transition(this.#snapshot, { ...occurrence, now: this.now });
    return this;
  }

  after(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  get state(): string {
    return pathOf(this.#snapshot);
  }

  get context(): SessionContext {
    return this.#snapshot.context;
  }

  /** The names of the effects of the last event, in order. */
  get effectNames(): EffectName[] {
    return this.effects.map(({ type }) => type);
  }

  /** Returns the parameters of the last event's effect of that name. Throws if there was none. */
  effect<Name extends EffectName>(name: Name): EffectParameters[Name] {
    const effect = this.effects.find(({ type }) => type === name);
    if (effect === undefined) throw new Error(`There was no ${name}, only ${this.effectNames.join(', ')}.`);
    return effect.params as EffectParameters[Name];
  }

  // Sequences that many tests share.

  opensWith(facts: RecordFacts): this {
    return this.send({ type: 'session.opened' }).send({ type: 'record.read', record: facts });
  }

  /** Restored from a record of version 7, with tokens that were issued just now and live for an hour. */
  opensFresh(facts: Partial<TokenFacts> = {}): this {
    return this.opensWith(record.holding(7, tokens(this.now, facts)));
  }

  /** Requests new tokens from the server: a caller wants them, and the lease is granted. */
  asksServer({ abandoned = false } = {}): this {
    return this.send({ type: 'refresh.requested' }).send({ type: 'lease.granted', abandoned });
  }

  /** New tokens have arrived, and are about to be written. */
  receives(facts: Partial<TokenFacts> = {}): this {
    return this.send({ type: 'tokenResponse.received', tokens: tokens(this.now, facts) });
  }
}
