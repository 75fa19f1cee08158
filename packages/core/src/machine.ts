/** For readers of the statechart: its pure transition function, its events and its effects. */
export { knownErrorCodes } from './kernel/known-codes.js';
export type { RecordFacts } from './kernel/record-facts.js';
export type { Rejection, SessionEnding } from './kernel/session-ending.js';
export type { TokenFacts } from './kernel/token-set.js';
export type { SessionContext, SessionInput } from './machine/context.js';
export type { Effect, EffectName, EffectParameters, TimerName, TokenOrigin, Tombstone } from './machine/effects.js';
export type { SessionEvent, SessionOccurrence } from './machine/events.js';
export { sessionMachine } from './machine/session-machine.js';
export {
  initialSnapshot,
  type MachineSnapshot,
  type SessionStateValue,
  transition,
} from './machine/transition.js';
