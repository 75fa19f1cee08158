/**
 * What an inspector tells, and all that it can tell: plain JSON, made anew field by field, of numbers, booleans and words
 * from closed lists. The one free text is the label of a session (see {@link About.label}).
 *
 * A message has the shape of XState's and Stately's inspection messages (`@xstate.actor`, `@xstate.event`,
 * `@xstate.snapshot`), and beside it, under `frameio`, what those have no place for.
 *
 * The viewer's server speaks of the same things over HTTP. Times are milliseconds since the Unix epoch throughout.
 *
 * | request            | answer                                                                                        |
 * | ------------------ | --------------------------------------------------------------------------------------------- |
 * | `GET /?token=…`    | the link that is handed out; it works once: a cookie for this browser, and on to `/`          |
 * | `GET /`            | the page, `viewer/index.html`                                                                 |
 * | `GET /viewer/…`    | the other files of `viewer/`                                                                  |
 * | `GET /machine.json`| {@link Chart}: the statechart                                                                 |
 * | `GET /events`      | an event stream, see {@link Stream}                                                           |
 * | `POST /messages`   | from other instances: {@link Batch}                                                           |
 *
 * The page runs under `default-src 'none'`, with scripts, styles, images, fonts, workers and requests from its own origin
 * alone, and no inline scripts or styles.
 */
import type { EndingCause, Failure, FailureKind } from '@frameio-auth/core';
import type { Delivery } from '@frameio-auth/core/adapter';
import type { EffectName, SessionContext, SessionEvent, TimerName, TokenOrigin } from '@frameio-auth/core/machine';

/** One message about one session. */
export type InspectorMessage = ActorMessage | EventMessage | SnapshotMessage;

/** A session began. What it is is in `machine.json`, the same for all. */
export interface ActorMessage extends MessageBase {
  readonly type: '@xstate.actor';
  /** The session's label. */
  readonly name: string;
  readonly snapshot: ShownSnapshot;
  readonly frameio: About & { readonly facts: SessionFacts };
}

/** A session heard of something. The {@link SnapshotMessage} that follows says what came of it. */
export interface EventMessage extends MessageBase {
  readonly type: '@xstate.event';
  readonly event: ShownEvent;
  readonly frameio: About;
}

/** Where a session stands after an event, and what it wanted done. */
export interface SnapshotMessage extends MessageBase {
  readonly type: '@xstate.snapshot';
  /** What brought it here; `xstate.init` for the first one, `xstate.stop` for the last. */
  readonly event: ShownEvent;
  readonly snapshot: ShownSnapshot;
  readonly frameio: About & {
    /** What the machine asked for, in order. */
    readonly effects: readonly ShownEffect[];
    /** Which transitions were taken, in order: ids of {@link ChartTransition}. Empty when the event changed nothing. */
    readonly transitions: readonly string[];
    readonly facts: SessionFacts;
  };
}

interface MessageBase {
  /** Names the session among all sessions of all instances: `<instance>/<number>`. */
  readonly sessionId: string;
  /** The same: a session has no actors under it. */
  readonly rootId: string;
  readonly id: null;
  /** When the message was made, by the instance's own clock: milliseconds since the Unix epoch, as a string. */
  readonly createdAt: string;
  /** The version of Stately's message format. */
  readonly _version: string;
}

/** Whom a message is about. */
export interface About {
  /** Counts the messages of this instance from 1. A gap: messages were dropped. */
  readonly sequence: number;
  /** When the message was made, by the instance's own clock. */
  readonly time: number;
  /** The instance, by the name that it was given, or a random one. At most 40 characters. */
  readonly instance: string;
  /**
   * What to call the session: `default` for an auth object's own session; for others a pseudonym such as `session-1f0c93ab`,
   * because session keys are often e-mail addresses; the key itself where that was asked for. Those who share a
   * label key call the same session the same. At most 80 characters, of any kind: text, never markup.
   */
  readonly label: string;
}

/** XState's snapshot, as far as it is shown. */
export interface ShownSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** The state as XState writes it: `'expired'`, `{ refreshing: 'requesting' }`. */
  readonly value: ShownStateValue;
  readonly context: ShownContext;
}

export type ShownStateValue = string | { readonly [state: string]: ShownStateValue };

/** The machine's context, as far as it is shown. A field whose value is not as it should be is left out. */
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
  /** How many scopes were granted; they are not named, because applications and servers choose their names. */
  readonly scopes?: number;
}

/** A failure without the server's own text, its debug id and its addresses. */
export interface ShownFailure {
  readonly kind?: FailureKind;
  readonly source?: Failure['source'];
  /** A word that OAuth, the platform or these packages know, such as `invalid_grant`; `other` for all others. */
  readonly code?: string;
  readonly delivery?: Delivery;
  readonly status?: number;
  /** Milliseconds. */
  readonly retryAfter?: number;
  readonly userActionRequired?: true;
}

export interface ShownEnding {
  readonly cause?: EndingCause;
  readonly failure?: ShownFailure | null;
}

/** An event; one that the machine does not know is shown as `(unknown)`, without its fields. */
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

/** An effect, with its parameters as far as they are shown. */
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
    /** Of a tombstone: what it says. */
    readonly status?: 'expired' | 'revoked';
    /** Of a refusal: why callers get no token. */
    readonly reason?: 'not_authenticated' | 'revoked' | 'ended' | 'failed';
    readonly failure?: ShownFailure;
    readonly ending?: ShownEnding;
  };
}

/** A span in which something is to happen; the session picks a moment in it at random. On the storage's clock. */
export interface Span {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** How a session stands, in the words of those who watch it. Times are on the storage's clock. */
export interface SessionFacts {
  /** The state's full name, such as `refreshing.requesting`: the id of a {@link ChartState}, or `(unknown)`. */
  readonly state: string;
  /** The storage's time at the last event; `null` before the first one. Compare it with {@link About.time}. */
  readonly now: number | null;
  /** When the tokens were asked for; `null` when there are none. */
  readonly issuedAt: number | null;
  /** When the access token expires; `null` when there is none, or when the server did not say. */
  readonly expiresAt: number | null;
  /** When it is renewed at the earliest and at the latest; `null` when no renewal is planned. */
  readonly refreshAt: Span | null;
  /** When the next attempt is made after a failure; `null` when none is planned. */
  readonly retryAt: Span | null;
  /** Failed attempts since the last success. */
  readonly attempt: number;
  /** The last failure, until the next success. */
  readonly failure: ShownFailure | null;
  /** How the session ended, in the state `expired`. */
  readonly ending: ShownEnding | null;
  readonly storage: {
    /** The version of the record that this session knows; 0 when it knows of none. */
    readonly version: number;
    /** The highest version that it knew of: above `version` once the storage lost writes. */
    readonly newest: number;
    /** Where the tokens that are served came from, while the storage does not have them. */
    readonly unwritten: TokenOrigin | null;
    /** Who renews, as far as this session knows: `own` while it holds the lease, `other` while it waits for who does. */
    readonly lease: 'none' | 'own' | 'other';
  };
}

/** The statechart, made from the machine that runs. */
export interface Chart {
  readonly id: string;
  /** In the order of the machine; a state comes after the one that it is in. */
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
}

export interface ChartState {
  /** The full name, such as `refreshing.requesting`; `''` for the machine itself. */
  readonly id: string;
  /** The last part of it. */
  readonly name: string;
  /** The state that it is in; `null` for the machine itself. */
  readonly parent: string | null;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Which of the states in it is entered first; `null` when there are none. */
  readonly initial: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

export interface ChartTransition {
  /** `<state> <event> <number>`: the transitions of a state for one event are tried in the order of their numbers. */
  readonly id: string;
  /** The state that has it: a {@link ChartState.id}. */
  readonly source: string;
  /** Where it leads; `null`: the state stays as it is. */
  readonly target: string | null;
  /** The event, such as `lease.granted`; `''` for a transition that takes no event and no time. */
  readonly event: string;
  /** The name of the condition; `null` when there is none. */
  readonly guard: string | null;
  /** The names of what is noted and of the effects, in order. */
  readonly actions: readonly string[];
  /** Of these, what is done in the world. */
  readonly effects: readonly EffectName[];
  /** Whether a transition to its own state leaves it and enters it anew. */
  readonly reenter: boolean;
}

/**
 * What comes over `GET /events`: server-sent events, by their names, with these values as JSON in `data`.
 *
 * First comes `hello`, then what is kept of each session as `messages`, oldest first, then what happens. A viewer that
 * does not read as fast as things happen is told less: some messages are left out, and a `summary` takes their place.
 * After a break the browser connects anew, and the stream begins again with `hello`: forget what was shown before.
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
  /** How many messages are kept of each session, and of how many sessions. */
  readonly keeps: { readonly messages: number; readonly sessions: number };
}

/** Instead of what this viewer missed: the latest snapshot of each session. */
export interface Summary {
  /** How many messages were left out for this viewer. */
  readonly missed: number;
  readonly messages: readonly (ActorMessage | SnapshotMessage)[];
}

/** Messages of an instance were lost on their way here: it made more than it could post. */
export interface Notice {
  readonly instance: string;
  readonly dropped: number;
}

/** What an instance posts to another one's viewer. */
export interface Batch {
  readonly instance: string;
  /** How many messages were dropped before these. */
  readonly dropped: number;
  readonly messages: readonly InspectorMessage[];
}
