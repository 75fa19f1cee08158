import { createActor, type InspectionEvent, type Observer } from 'xstate';
import type { SessionInput } from '../machine/context.js';
import { effectActions } from '../machine/effects.js';
import type { SessionEvent } from '../machine/events.js';
import { sessionMachine } from '../machine/session-machine.js';

/** Whoever watches the machine, in XState's own terms. */
export type Inspect = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

const noEffects = Object.fromEntries(
  Object.keys(effectActions).map((name) => [name, () => {}]),
) as unknown as typeof effectActions;

export interface InspectedReplica {
  send(event: SessionEvent): void;
  stop(): void;
}

/**
 * An actor that lives the session's life over again for an inspector. The machine is deterministic and does no I/O, so
 * an actor that hears the same events is always in the same state; and whatever an inspector does to it, the session
 * is not touched. It exists only when an application asks for inspection.
 */
export function inspectedReplica(key: string, input: SessionInput, inspect: Inspect): InspectedReplica {
  const tell = async (event: InspectionEvent) =>
    typeof inspect === 'function' ? inspect(event) : inspect.next?.(event);
  const actor = createActor(sessionMachine.provide({ actions: noEffects }), {
    id: key,
    input,
    inspect(event) {
      // An inspector that fails, now or later, must not harm what it looks at.
      tell(event).catch(() => {});
    },
  });
  actor.start();
  return { send: (event) => actor.send(event), stop: () => void actor.stop() };
}
