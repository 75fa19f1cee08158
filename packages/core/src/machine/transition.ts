import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type EventObject,
  fromTransition,
  initialTransition,
  type SnapshotFrom,
  type StateValueFrom,
  transition as xstateTransition,
} from 'xstate';
import type { SessionInput } from './context.js';
import type { Effect } from './effects.js';
import type { SessionEvent } from './events.js';
import { sessionMachine } from './session-machine.js';

/** The state and context of a session, with XState's own view of them. */
export type MachineSnapshot = SnapshotFrom<typeof sessionMachine>;

/** The state as XState writes it: `'expired'`, `{ refreshing: 'requesting' }`. */
export type SessionStateValue = StateValueFrom<typeof sessionMachine>;

/** Returns the snapshot of a new session. It has no effects before its first event. */
export function initialSnapshot(input: SessionInput): MachineSnapshot {
  return initialTransition(sessionMachine, input)[0];
}

/**
 * The scope that XState's own `transition()` passes to a machine. XState builds it anew for every event, with the initial
 * state, which costs ten times the transition itself. This module takes it once, from a transition of a trivial actor:
 * the machine uses none of it.
 */
const scope = ((): AnyActorScope => {
  const scopes: AnyActorScope[] = [];
  const trivial = fromTransition((state: null, _event: EventObject, given: AnyActorScope) => {
    scopes.push(given);
    return state;
  }, null);
  xstateTransition(trivial, initialTransition(trivial)[0], { type: 'take' });
  return scopes[0] as AnyActorScope;
})();

/**
 * Makes one transition. Returns the snapshot after the event, and the effects in order. It is a pure function: the same
 * snapshot and event always give the same result.
 */
export function transition(
  snapshot: MachineSnapshot,
  event: SessionEvent,
): readonly [MachineSnapshot, readonly Effect[]] {
  const effects: Effect[] = [];
  const next = sessionMachine.transition(snapshot, event, {
    ...scope,
    // XState does not type the parameters of an action. Their types come from effects.ts, and this cast is the only
    // one. The machine's own assigns are not executed here.
    actionExecutor: ({ type, params }) => effects.push({ type, params } as Effect),
  });
  return [next, effects];
}

/** Returns the state's full name, such as `refreshing.requesting`. */
export function pathOf(snapshot: Pick<AnyMachineSnapshot, 'value'>): string {
  let path = '';
  let value = snapshot.value;
  while (typeof value === 'object') {
    const [name, inner] = Object.entries(value)[0] as [string, typeof value];
    path += `${name}.`;
    value = inner;
  }
  return path + value;
}
