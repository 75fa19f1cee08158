import type { TokenSet } from '../kernel/token-set.js';
import type { SessionOccurrence } from '../machine/events.js';

/** What happened, and the tokens that it is about. They are not in the event, because the machine must not see them. */
export type Occurrence = readonly [event: SessionOccurrence, incoming?: TokenSet | undefined];

/** Receives what happens to a session. */
export type EventSink = (...occurrence: Occurrence) => void;
