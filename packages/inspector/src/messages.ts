/**
 * Everything that an inspector can report: plain JSON, rebuilt field by field from numbers, booleans and words from
 * closed lists. The only free text is the label of a session (see {@link MessageSource.label}).
 *
 * A message has the shape of XState's and Stately's inspection messages (`@xstate.actor`, `@xstate.event`,
 * `@xstate.snapshot`). What those have no field for is under `frameio`.
 *
 * The viewer's server provides the same data over HTTP. All times are milliseconds since the Unix epoch.
 *
 * | request            | response                                                                                      |
 * | ------------------ | --------------------------------------------------------------------------------------------- |
 * | `GET /?token=…`    | the link, which works once: sets a cookie for this browser, and continues to `/`              |
 * | `GET /`            | the page, `viewer/index.html`                                                                 |
 * | `GET /viewer/…`    | the other files of `viewer/`                                                                  |
 * | `GET /machine.json`| {@link Chart}: the statechart                                                                 |
 * | `GET /events`      | an event stream, see {@link Stream}                                                           |
 * | `POST /messages`   | from other instances: {@link Batch}                                                           |
 *
 * The page runs under `default-src 'none'`, with scripts, styles, images, fonts, workers and requests only from its own
 * origin, and no inline scripts or styles.
 */
import type { EndingCause, Failure, FailureKind } from '@frameio-auth/core';
import type { Delivery } from '@frameio-auth/core/adapter';
import type { EffectName, SessionContext, SessionEvent, TimerName, TokenOrigin } from '@frameio-auth/core/machine';

/** One message about one session. */
export type InspectorMessage = ActorMessage | EventMessage | SnapshotMessage;

/** A session began. Its machine is in `machine.json`, the same for all. */
export interface ActorMessage extends MessageBase {
  readonly type: '@xstate.actor';
  /** The session's label. */
  readonly name: string;
  readonly snapshot: ShownSnapshot;
  readonly frameio: MessageSource & { readonly facts: SessionFacts };
}

/** A session received an event. The {@link SnapshotMessage} that follows shows the effect. */
export interface EventMessage extends MessageBase {
  readonly type: '@xstate.event';
  readonly event: ShownEvent;
  readonly frameio: MessageSource;
}

/** The state of a session after an event, and the effects it requested. */
export interface SnapshotMessage extends MessageBase {
  readonly type: '@xstate.snapshot';
  /** The event that led here; `xstate.init` for the first snapshot, `xstate.stop` for the last. */
  readonly event: ShownEvent;
  readonly snapshot: ShownSnapshot;
  readonly frameio: MessageSource & {
    /** The effects that the machine requested, in order. */
    readonly effects: readonly ShownEffect[];
    /**
     * The transitions that were taken, in order: ids of {@link ChartTransition}. Empty if the event changed nothing.
     */
    readonly transitions: readonly string[];
    readonly facts: SessionFacts;
  };
}

interface MessageBase {
  /** Identifies the session among all sessions of all instances: `<instance>/<number>`. */
  readonly sessionId: string;
  /** The same as `sessionId`, because a session has no child actors. */
  readonly rootId: string;
  readonly id: null;
  /** When the message was created, by the instance's own clock: milliseconds since the Unix epoch, as a string. */
  readonly createdAt: string;
  /** The version of Stately's message format. */
  readonly _version: string;
}

/** The session that a message is about. */
export interface MessageSource {
  /** Counts the messages of this instance from 1. A gap means that messages were dropped. */
  readonly sequence: number;
  /** When the message was created, by the instance's own clock. */
  readonly time: number;
  /** The name of the instance, as configured or random. At most 40 characters. */
  readonly instance: string;
  /**
   * The name of the session: `default` for an auth object's own session. Others have a pseudonym such as
   * `session-1f0c93ab`, because session keys are often e-mail addresses, or the key itself if `showKeys` is set.
   * Instances that share a label key use the same pseudonyms. At most 80 characters of any kind: text, never markup.
   */
  readonly label: string;
}

/** XState's snapshot, reduced to what is shown. */
export interface ShownSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** The state in XState's notation: `'expired'`, `{ refreshing: 'requesting' }`. */
  readonly value: ShownStateValue;
  readonly context: ShownContext;
}

export type ShownStateValue = string | { readonly [state: string]: ShownStateValue };

/** The machine's context, reduced to what is shown. A field with an unexpected value is omitted. */
export type ShownContext = Partial<
  Omit<SessionContext, 'tokens' | 'held' | 'failure' | 'ending' | 'pace'> & {
    readonly tokens: ShownTokens | null;
    readonly held: ShownTokens | null;
    readonly failure: ShownFailure | null;
    readonly ending: ShownEnding | null;
    readonly pace: Partial<NonNullable<SessionContext['pace']>> | null;
  }
>;

export interface ShownTokens {
  readonly issuedAt?: number;
  readonly expiresAt?: number | null;
  readonly refreshable?: boolean;
  readonly refreshTokenIssuedAt?: number;
  /** How many scopes were granted. They are not named, because applications and servers choose their names. */
  readonly scopes?: number;
}

/** A failure without the server's own text, its debug id and its addresses. */
export interface ShownFailure {
  readonly kind?: FailureKind;
  readonly source?: Failure['source'];
  /** A code known to OAuth, the platform or these packages, such as `invalid_grant`; `other` for all others. */
  readonly code?: string;
  readonly delivery?: Delivery;
  readonly status?: number;
  /** In milliseconds. */
  readonly retryAfter?: number;
  readonly userActionRequired?: true;
}

export interface ShownEnding {
  readonly cause?: EndingCause;
  readonly failure?: ShownFailure | null;
}

/** An event. One that the machine does not know is shown as `(unknown)`, without its fields. */
export interface ShownEvent {
  readonly type: SessionEvent['type'] | 'xstate.init' | 'xstate.stop' | '(unknown)';
  /** When it happened, on the storage's clock, which all instances share. */
  readonly now?: number;
  readonly version?: number;
  readonly until?: number;
  readonly abandoned?: boolean;
  readonly used?: boolean;
  readonly tokens?: ShownTokens;
  readonly record?: ShownRecord;
  readonly failure?: ShownFailure;
}

export interface ShownRecord {
  readonly status?: 'absent' | 'tokens' | 'expired' | 'revoked';
  readonly version?: number;
  readonly tokens?: ShownTokens;
  readonly ending?: ShownEnding;
}

/** An effect, with the parameters that are shown. */
export interface ShownEffect {
  readonly type: EffectName;
  readonly params?: {
    readonly ifVersion?: number;
    readonly expectedVersion?: number;
    readonly spent?: boolean;
    readonly grant?: TokenOrigin;
    readonly from?: 'held' | 'record';
    readonly which?: 'served' | 'held' | 'unwritten';
    readonly timer?: TimerName;
    readonly notBefore?: number;
    readonly notAfter?: number;
    /** The status that a tombstone records. */
    readonly status?: 'expired' | 'revoked';
    /** Why a rejection gives callers no token. */
    readonly reason?: 'not_authenticated' | 'revoked' | 'ended' | 'failed';
    readonly failure?: ShownFailure;
    readonly ending?: ShownEnding;
  };
}

/** A period in which something happens; the session picks a random moment in it. On the storage's clock. */
export interface Span {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The state of a session in terms for people. Times are on the storage's clock. */
export interface SessionFacts {
  /** The state's full name, such as `refreshing.requesting`: the id of a {@link ChartState}, or `(unknown)`. */
  readonly state: string;
  /** The storage's time at the last event; `null` before the first. Compare it with {@link MessageSource.time}. */
  readonly now: number | null;
  /** When the tokens were requested; `null` if there are none. */
  readonly issuedAt: number | null;
  /** When the access token expires; `null` if there is none, or if the server did not say. */
  readonly expiresAt: number | null;
  /** Whether the access token could be served at the last event: until `expiresAt`, if the server set one. */
  readonly hasUsableToken: boolean;
  /** The earliest and the latest time of the refresh; `null` if none is scheduled. */
  readonly refreshAt: Span | null;
  /** When the next attempt after a failure happens; `null` if none is scheduled. */
  readonly retryAt: Span | null;
  /** Failed attempts since the last success. */
  readonly attempt: number;
  /** The last failure, until the next success. */
  readonly failure: ShownFailure | null;
  /** How the session ended, in the state `expired`. */
  readonly ending: ShownEnding | null;
  readonly storage: {
    /** The version of the record that this session knows; 0 if none. */
    readonly version: number;
    /** The highest version that it ever knew: greater than `version` after the storage lost writes. */
    readonly newest: number;
    /** The origin of the current tokens while the storage does not have them. */
    readonly unwritten: TokenOrigin | null;
    /**
     * Which instance refreshes, as far as this session knows: `own` while it holds the lease, `other` while it waits
     * for the holder.
     */
    readonly lease: 'none' | 'own' | 'other';
  };
}

/** The statechart, derived from the real machine. */
export interface Chart {
  readonly id: string;
  /** In the order of the machine; a state comes after its parent. */
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
}

export interface ChartState {
  /** The full name, such as `refreshing.requesting`; `''` for the machine itself. */
  readonly id: string;
  /** The last part of the full name. */
  readonly name: string;
  /** The parent state; `null` for the machine itself. */
  readonly parent: string | null;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** The child state that is entered first; `null` if there are none. */
  readonly initial: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

export interface ChartTransition {
  /** `<state> <event> <number>`: a state's transitions for one event are tried in the order of their numbers. */
  readonly id: string;
  /** The state that has it: a {@link ChartState.id}. */
  readonly source: string;
  /** The target state; `null`: the state does not change. */
  readonly target: string | null;
  /** The event, such as `lease.granted`; `''` for a transition without an event or a delay. */
  readonly event: string;
  /** The name of the guard; `null` if there is none. */
  readonly guard: string | null;
  /** The names of all actions, including the effects, in order. */
  readonly actions: readonly string[];
  /** The effects among the actions. */
  readonly effects: readonly EffectName[];
  /** Whether a transition to its own state exits and re-enters it. */
  readonly reenter: boolean;
}

/**
 * The events of `GET /events`: server-sent events by name, with these values as JSON in `data`.
 *
 * First comes `hello`, then what is kept of each session as `messages`, oldest first, then new messages. For a viewer
 * that does not read fast enough, some messages are omitted and replaced by a `summary`. After an interruption the
 * browser reconnects, and the stream begins again with `hello`: discard what was shown before.
 */
export interface Stream {
  readonly hello: Hello;
  readonly messages: readonly InspectorMessage[];
  readonly summary: Summary;
  readonly notice: Notice;
}

export interface Hello {
  /** The instance that serves the page. */
  readonly instance: string;
  /** The server's clock. */
  readonly time: number;
  /** How many messages are kept per session, and for how many sessions. */
  readonly keeps: { readonly messages: number; readonly sessions: number };
}

/** Replaces the messages that this viewer missed: the latest snapshot of each session. */
export interface Summary {
  /** How many messages were omitted for this viewer. */
  readonly missed: number;
  readonly messages: readonly (ActorMessage | SnapshotMessage)[];
}

/** Reports that messages of an instance were lost, because it created more than it could post. */
export interface Notice {
  readonly instance: string;
  readonly dropped: number;
}

/** The messages that an instance posts to another one's viewer. */
export interface Batch {
  readonly instance: string;
  /** How many messages were dropped before these. */
  readonly dropped: number;
  readonly messages: readonly InspectorMessage[];
}
