import { transitionIds } from './chart.js';
import { messageBase } from './message-base.js';
import type { Batch, InspectorMessage } from './messages.js';
import { MAX_STEP } from './observed-session.js';
import { shownLabel } from './pseudonym.js';
import { isInstanceName } from './safe-inspector.js';
import { listOf, number, read, type Shape } from './shape.js';
import { shownEffect, shownEvent, shownFacts, shownSnapshot } from './shown.js';

/** The largest number of messages in one batch. */
export const MAX_BATCH = 200;

/**
 * Rebuilds a batch that another instance posted, field by field. The sender may be misconfigured, or not be an instance
 * at all. Invalid messages are omitted; returns `undefined` if it is not a batch.
 */
export function readBatch(text: string): Batch | undefined {
  const value = parsed(text);
  const instance = read(value, 'instance');
  const dropped = number(read(value, 'dropped'));
  if (!isInstanceName(instance) || dropped === undefined || dropped < 0) return undefined;
  const messages = listOf((message) => messageOf(message, instance), MAX_BATCH)(read(value, 'messages'));
  return messages && { instance, dropped, messages };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const effects = listOf(shownEffect, MAX_STEP);
const transitionId: Shape<string> = (value) =>
  typeof value === 'string' && transitionIds.has(value) ? value : undefined;
const transitions = listOf(transitionId, MAX_STEP);

function messageOf(value: unknown, instance: string): InspectorMessage | undefined {
  const sessionId = read(value, 'sessionId');
  const received = read(value, 'frameio');
  const [sequence, time] = [number(read(received, 'sequence')), number(read(received, 'time'))];
  const label = read(received, 'label');
  if (!isSessionOf(instance, sessionId)) return undefined;
  if (sequence === undefined || time === undefined || typeof label !== 'string') return undefined;
  const about = { sequence, time, instance, label: shownLabel(label) };
  const base = messageBase(sessionId, time);
  const type = read(value, 'type');
  const event = shownEvent(read(value, 'event'));
  if (type === '@xstate.event') return { type, ...base, event, frameio: about };
  const facts = shownFacts(read(received, 'facts'));
  if (facts === undefined) return undefined;
  const snapshot = shownSnapshot(read(value, 'snapshot'));
  if (type === '@xstate.actor') {
    return { type, name: about.label, ...base, snapshot, frameio: { ...about, facts } };
  }
  if (type !== '@xstate.snapshot') return undefined;
  const step = {
    effects: effects(read(received, 'effects')) ?? [],
    transitions: transitions(read(received, 'transitions')) ?? [],
  };
  return { type, ...base, event, snapshot, frameio: { ...about, ...step, facts } };
}

/** Whether an id belongs to a session of the instance itself. */
function isSessionOf(instance: string, id: unknown): id is string {
  return typeof id === 'string' && id.startsWith(`${instance}/`) && /^\d{1,9}$/.test(id.slice(instance.length + 1));
}
