import type { SessionEvent, TimerName } from '@frameio-auth/core/machine';
import { sessionChart, transitionId, transitionIds } from './chart.js';
import type { SessionFacts, ShownContext, ShownEffect, ShownEvent, ShownSnapshot, Span } from './messages.js';
import { listOf, read } from './shape.js';
import { pathOf, shownEffect } from './shown.js';

/** The limit per step. An application could send any number; the machine has a few. */
export const MAX_STEP = 64;

/** The deadline of a timer that never fires. */
const NEVER = Number.MAX_SAFE_INTEGER;

const sources = listOf((value) => (typeof value === 'object' && value !== null ? value : undefined), MAX_STEP);

/**
 * Collects the facts about a session that span several inspection events: the effects of a step, and the active timers.
 */
export class ObservedSession {
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

  /**
   * @param action - XState's description of an action: an effect, or another action of the machine
   */
  noteAction(action: unknown): void {
    const effect = shownEffect(action);
    if (effect === undefined || this.#effects.length >= MAX_STEP) return;
    this.#effects.push(effect);
    const { timer, notBefore, notAfter } = effect.params ?? {};
    if (effect.type === 'requestLease' || effect.type === 'releaseLease') this.#lease = 'none';
    if (timer === undefined) return;
    if (effect.type === 'stopTimer') this.#timers.delete(timer);
    if (effect.type === 'startTimer' && notBefore !== undefined && notAfter !== undefined && notAfter < NEVER) {
      this.#timers.set(timer, { notBefore, notAfter });
    }
  }

  /**
   * @param transitions - the transitions that XState reports for a part of a step
   */
  noteTransitions(transitions: unknown): void {
    for (const transition of sources(transitions) ?? []) {
      const id = idOf(transition);
      if (id !== undefined && this.#transitions.length < MAX_STEP) this.#transitions.push(id);
    }
  }

  /** Returns the result of the step, and begins the next one. */
  endStep(): { readonly effects: readonly ShownEffect[]; readonly transitions: readonly string[] } {
    const step = { effects: this.#effects, transitions: this.#transitions };
    this.#effects = [];
    this.#transitions = [];
    return step;
  }

  facts({ value, context }: ShownSnapshot): SessionFacts {
    const { tokens = null, attempt = 0, failure = null, ending = null, version = 0, newest = 0, unwritten } = context;
    const state = pathOf(value);
    const expiresAt = tokens?.expiresAt ?? null;
    const isServed = tokens !== null && context.suspect !== true && !state.startsWith('revoking');
    return {
      state,
      now: this.#now,
      issuedAt: tokens?.issuedAt ?? null,
      expiresAt,
      hasUsableToken: isServed && (expiresAt === null || (this.#now ?? 0) < expiresAt),
      // The same timer waits for the expiry of tokens that cannot be refreshed.
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

/** A write by any instance ends the lease. */
const LEASE_AFTER: { readonly [Type in SessionEvent['type']]?: SessionFacts['storage']['lease'] } = {
  'lease.granted': 'own',
  'lease.held': 'other',
  'lease.moved': 'none',
  'commit.succeeded': 'none',
  'commit.conflicted': 'none',
};

/** Returns the id of a transition, from its location in the machine: its state, its event and its index. */
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
