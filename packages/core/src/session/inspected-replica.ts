import { createActor, type InspectionEvent, type Observer } from 'xstate';
import type { SessionInput } from '../machine/context.js';
import { effectActions } from '../machine/effects.js';
import type { SessionEvent } from '../machine/events.js';
import { sessionMachine } from '../machine/session-machine.js';

/** An inspector, in XState's own types. */
export type Inspect = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

const noEffects = Object.fromEntries(
  Object.keys(effectActions).map((name) => [name, () => {}]),
) as unknown as typeof effectActions;

export interface InspectedReplica {
  send(event: SessionEvent): void;
  stop(): void;
}

/**
 * Returns an actor that replays the session's events for an inspector. The machine is deterministic and does no I/O, so
 * the actor is always in the session's state. Nothing an inspector does to it affects the session. It exists only when
 * the application asks for inspection.
 */
export function inspectedReplica(key: string, input: SessionInput, inspect: Inspect): InspectedReplica {
  const tell = async (event: InspectionEvent) =>
    typeof inspect === 'function' ? inspect(event) : inspect.next?.(event);
  const actor = createActor(sessionMachine.provide({ actions: noEffects }), {
    id: key,
    input,
    inspect(event) {
      // An inspector that throws or rejects must not affect the session.
      tell(event).catch(() => {});
    },
  });
  actor.start();
  return { send: (event) => actor.send(event), stop: () => void actor.stop() };
}
