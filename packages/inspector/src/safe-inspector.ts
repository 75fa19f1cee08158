import { randomBytes } from 'node:crypto';
import { ConfigurationError, type Inspect } from '@frameio-auth/core';
import { initialSnapshot, sessionMachine } from '@frameio-auth/core/machine';
import { messageBase } from './message-base.js';
import type { InspectorMessage } from './messages.js';
import { ObservedSession } from './observed-session.js';
import { type LabelOf, pseudonymOf, shownLabel } from './pseudonym.js';
import { randomToken } from './random-token.js';
import { read } from './shape.js';
import { shownEvent, shownSnapshot } from './shown.js';

/** Core's option `inspect`, as a function. */
export type InspectorFunction = Extract<Inspect, (event: never) => unknown>;

/** Receives the messages: a logger, a trace, a queue. Exceptions and rejections are ignored. */
export type Sink = (message: InspectorMessage) => unknown;

export interface LabelOptions {
  /**
   * The name of this instance, up to 40 letters, digits, `.`, `_`, `:` and `-`. Default: the process id with a random
   * suffix.
   */
  readonly instance?: string;
  /** Whether to label sessions by their keys, which may be personal data. Default: `false`, by pseudonyms. */
  readonly showKeys?: boolean;
  /**
   * The secret for pseudonyms: a random text that all instances of a fleet share, so that they use the same pseudonyms.
   * Default: a random one.
   */
  readonly labelKey?: string;
}

export interface SafeInspectorOptions extends LabelOptions {
  readonly sink: Sink;
}

/**
 * Creates an inspector to pass to core as `inspect`. It reports what happens in each session to the sink, in
 * {@link InspectorMessage}s that contain only allowed fields. It observes only sessions and ignores actors of other
 * machines. The inspector itself never throws.
 *
 * @throws ConfigurationError at creation, for an invalid option
 */
export function safeInspector({ sink, ...labels }: SafeInspectorOptions): InspectorFunction {
  if (typeof sink !== 'function') {
    throw new ConfigurationError('invalid_option', 'safeInspector: `sink` must be a function that takes a message.');
  }
  return inspectorFunction(instanceName(labels.instance), labelFunction(labels, randomToken()), sink);
}

/** All sessions begin in the same state, whatever their options. */
const INITIAL_SNAPSHOT = shownSnapshot(
  initialSnapshot({ renewal: 'refresh_token', refreshBuffer: 0, onStorageUnavailable: 'fail' }),
);

const INSTANCE = /^[\w.:-]{1,40}$/;

/** @throws ConfigurationError */
export function instanceName(instance: string | undefined): string {
  if (instance === undefined) return `${process.pid}-${randomBytes(3).toString('hex')}`;
  if (isInstanceName(instance)) return instance;
  throw new ConfigurationError(
    'invalid_option',
    'An inspector\'s `instance` is a name of up to 40 letters, digits, ".", "_", ":" and "-".',
  );
}

export function isInstanceName(name: unknown): name is string {
  return typeof name === 'string' && INSTANCE.test(name);
}

/**
 * @param shared - the label key if none is given
 * @throws ConfigurationError
 */
export function labelFunction({ showKeys, labelKey }: LabelOptions, shared: string): LabelOf {
  if (labelKey !== undefined && (typeof labelKey !== 'string' || labelKey === '')) {
    throw new ConfigurationError('invalid_option', "An inspector's `labelKey` is a text that is not empty.");
  }
  return showKeys === true ? shownLabel : pseudonymOf(labelKey ?? shared);
}

export function inspectorFunction(instance: string, labelOf: LabelOf, sink: Sink): InspectorFunction {
  const sessions = new WeakMap<object, ObservedSession>();
  let counted = 0;
  let sequence = 0;

  const sessionOf = (actor: unknown): ObservedSession | undefined => {
    if (typeof actor !== 'object' || actor === null) return undefined;
    const known = sessions.get(actor);
    if (known !== undefined) return known;
    if (read(read(actor, 'logic'), 'id') !== sessionMachine.id) return undefined;
    counted += 1;
    const key = read(actor, 'id');
    const session = new ObservedSession(`${instance}/${counted}`, typeof key === 'string' ? labelOf(key) : '');
    sessions.set(actor, session);
    return session;
  };

  const about = (session: ObservedSession, time: number) => {
    sequence += 1;
    return { sequence, time, instance, label: session.label };
  };

  const messageOf = (inspected: unknown): InspectorMessage | undefined => {
    const session = sessionOf(read(inspected, 'actorRef'));
    if (session === undefined) return undefined;
    const time = Date.now();
    const type = read(inspected, 'type');
    switch (type) {
      case '@xstate.action':
        session.noteAction(read(inspected, 'action'));
        return undefined;
      case '@xstate.microstep':
        session.noteTransitions(read(inspected, '_transitions'));
        return undefined;
      case '@xstate.actor': {
        // XState reports an actor before it has a state, and its initial state after that.
        const snapshot = { ...INITIAL_SNAPSHOT, context: {} };
        const frameio = { ...about(session, time), facts: session.facts(snapshot) };
        return { type, name: session.label, ...messageBase(session.id, time), snapshot, frameio };
      }
      case '@xstate.event': {
        const event = shownEvent(read(inspected, 'event'));
        session.noteEvent(event);
        return { type, ...messageBase(session.id, time), event, frameio: about(session, time) };
      }
      case '@xstate.snapshot': {
        const event = shownEvent(read(inspected, 'event'));
        const snapshot = shownSnapshot(read(inspected, 'snapshot'));
        const frameio = { ...about(session, time), ...session.endStep(), facts: session.facts(snapshot) };
        return { type, ...messageBase(session.id, time), event, snapshot, frameio };
      }
      default:
        return undefined;
    }
  };

  return (inspected) => {
    try {
      const message = messageOf(inspected);
      if (message === undefined) return;
      const taken: unknown = sink(message);
      if (taken instanceof Promise) taken.catch(() => {});
    } catch {
      // Whatever is wrong with the event or the sink, the session must continue.
    }
  };
}
