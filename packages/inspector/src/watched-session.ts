import type { SessionEvent, TimerName } from '@frameio-auth/core/machine';
import { sessionChart, transitionId, transitionIds } from './chart.js';
import type { SessionFacts, ShownContext, ShownEffect, ShownEvent, ShownSnapshot, Span } from './messages.js';
import { listOf, read } from './shape.js';
import { pathOf, shownEffect } from './shown.js';

/** An application could make up as many as it likes; the machine makes a few. */
export const MOST_IN_A_STEP = 64;

/** A timer that never runs out is set to the end of time. */
const NEVER = Number.MAX_SAFE_INTEGER;

const sources = listOf((value) => (typeof value === 'object' && value !== null ? value : undefined), MOST_IN_A_STEP);

/** What is to be known of a session beyond a single inspection event: what its step wanted done, and which timers run. */
export class WatchedSession {
  readonly id: string;
  readonly label: string;
  #effects: ShownEffect[] = [];
  #transitions: string[] = [];
  #now: number | null = null;
  #lease: SessionFacts['storage']['lease'] = 'none';
  readonly #timers = new Map<TimerName, Span>();

  constructor(id: string, label: string) {
    this.id = id;
    this.label = label;
  }

  noteEvent({ type, now }: ShownEvent): void {
    if (now !== undefined) this.#now = now;
    const timer = ENDED_BY[type as SessionEvent['type']];
    if (timer !== undefined) this.#timers.delete(timer);
    this.#lease = LEASE_AFTER[type as SessionEvent['type']] ?? this.#lease;
  }

  /** @param action - what XState says of an action: an effect, or a note of the machine */
  noteAction(action: unknown): void {
    const effect = shownEffect(action);
    if (effect === undefined || this.#effects.length >= MOST_IN_A_STEP) return;
    this.#effects.push(effect);
    const { timer, notBefore, notAfter } = effect.params ?? {};
    if (effect.type === 'requestLease' || effect.type === 'releaseLease') this.#lease = 'none';
    if (timer === undefined) return;
    if (effect.type === 'stopTimer') this.#timers.delete(timer);
    if (effect.type === 'startTimer' && notBefore !== undefined && notAfter !== undefined && notAfter < NEVER) {
      this.#timers.set(timer, { notBefore, notAfter });
    }
  }

  /** @param transitions - what XState says was taken in a part of a step */
  noteTransitions(transitions: unknown): void {
    for (const transition of sources(transitions) ?? []) {
      const id = idOf(transition);
      if (id !== undefined && this.#transitions.length < MOST_IN_A_STEP) this.#transitions.push(id);
    }
  }

  /** What the step amounted to; the next one begins. */
  endStep(): { readonly effects: readonly ShownEffect[]; readonly transitions: readonly string[] } {
    const step = { effects: this.#effects, transitions: this.#transitions };
    this.#effects = [];
    this.#transitions = [];
    return step;
  }

  facts({ value, context }: ShownSnapshot): SessionFacts {
    const { tokens = null, attempt = 0, failure = null, ending = null, version = 0, newest = 0, unwritten } = context;
    return {
      state: pathOf(value),
      now: this.#now,
      issuedAt: tokens?.issuedAt ?? null,
      expiresAt: tokens?.expiresAt ?? null,
      // The same timer waits for the end of tokens that nothing can renew.
      refreshAt: (isRenewable(context) && this.#timers.get('refresh')) || null,
      retryAt: this.#timers.get('retry') ?? null,
      attempt,
      failure,
      ending,
      storage: { version, newest, unwritten: unwritten ?? null, lease: this.#lease },
    };
  }
}

function isRenewable({ renewal, tokens }: ShownContext): boolean {
  return renewal === 'client_credentials' || tokens?.refreshable === true;
}

const ENDED_BY: { readonly [Type in SessionEvent['type']]?: TimerName } = {
  'refreshTimer.elapsed': 'refresh',
  'retryTimer.elapsed': 'retry',
  'pollTimer.elapsed': 'poll',
  'leaseTimer.elapsed': 'lease',
  'authorizationTimer.elapsed': 'authorization',
};

/** A write ends the lease, whoever wrote. */
const LEASE_AFTER: { readonly [Type in SessionEvent['type']]?: SessionFacts['storage']['lease'] } = {
  'lease.granted': 'own',
  'lease.held': 'other',
  'lease.moved': 'none',
  'commit.succeeded': 'none',
  'commit.conflicted': 'none',
};

/** The id of a transition by where it lies in the machine: in which state, under which event, at which place. */
function idOf(transition: object): string | undefined {
  const source = read(transition, 'source');
  const [id, event] = [read(source, 'id'), read(transition, 'eventType')];
  if (typeof id !== 'string' || typeof event !== 'string') return undefined;
  const list = event === '' ? read(source, 'always') : listedUnder(read(source, 'transitions'), event);
  const place = Array.isArray(list) ? list.indexOf(transition) : -1;
  const found = transitionId(id === sessionChart.id ? '' : id.slice(sessionChart.id.length + 1), event, place);
  return transitionIds.has(found) ? found : undefined;
}

function listedUnder(transitions: unknown, event: string): unknown {
  return transitions instanceof Map ? transitions.get(event) : undefined;
}
