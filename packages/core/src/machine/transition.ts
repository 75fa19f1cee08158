import {
  type AnyMachineSnapshot,
  createActor,
  initialTransition,
  type SnapshotFrom,
  type StateValueFrom,
} from 'xstate';
import type { SessionInput } from './context.js';
import type { Effect } from './effects.js';
import type { SessionEvent } from './events.js';
import { sessionMachine } from './session-machine.js';

/** Where a session stands: its state and context, and XState's own view of them. */
export type SessionSnapshot = SnapshotFrom<typeof sessionMachine>;

/** The state as XState writes it: `'expired'`, `{ refreshing: 'requesting' }`. */
export type SessionStateValue = StateValueFrom<typeof sessionMachine>;

/** Where a new session begins. It wants nothing done before it hears of something. */
export function initialSnapshot(input: SessionInput): SessionSnapshot {
  return initialTransition(sessionMachine, input)[0];
}

/**
 * The surroundings that XState wants for a transition; the machine touches none of them. XState's own `transition()`
 * builds them anew for every event, initial state included, which costs ten times the step itself.
 */
const surroundings = (() => {
  const self = createActor(sessionMachine, {
    input: { renewal: 'refresh_token', refreshBuffer: 0, onStorageUnavailable: 'fail' },
  });
  /* v8 ignore next -- @preserve: the machine has no deferred work, no emitted events, no log and no children */
  const nothing = (): void => {};
  return {
    self,
    system: self.system,
    id: self.id,
    sessionId: self.sessionId,
    defer: nothing,
    emit: nothing,
    logger: nothing,
    stopChild: nothing,
  };
})();

/**
 * One step of the machine: the snapshot after the event, and what is to be done, in order. A pure function: the same
 * snapshot and event always give the same answer, and nothing else happens.
 */
export function transition(
  snapshot: SessionSnapshot,
  event: SessionEvent,
): readonly [SessionSnapshot, readonly Effect[]] {
  const effects: Effect[] = [];
  const next = sessionMachine.transition(snapshot, event, {
    ...surroundings,
    // XState leaves the parameters of an action untyped; the declarations in effects.ts are where their types come
    // from, and this is the one place that says so. The machine's own notes (assign) do not come by here.
    actionExecutor: ({ type, params }) => effects.push({ type, params } as Effect),
  });
  return [next, effects];
}

/** The state's full name, such as `refreshing.requesting`. */
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
