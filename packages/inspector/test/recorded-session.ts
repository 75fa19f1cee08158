import { type InspectorMessage, safeInspector } from '@frameio-auth/inspector';
import { emitSessionEvents, type Inspected } from './session-events.js';

/** A value that an application, or another instance, plants wherever it can. */
export const PLANTED = 'canary-planted-by-a-test';

const events: Inspected[] = [];

/** The secrets of the recordedEvents, which must not be visible. */
export const secrets: readonly string[] = [...(await emitSessionEvents((event) => events.push(event))), PLANTED];

/** The inspection events of a real session. */
export const recordedEvents: readonly Inspected[] = events;

/** Returns all messages of an inspector about these events. */
export function messagesOf(inspected: Iterable<unknown>, options = {}): InspectorMessage[] {
  const messages: InspectorMessage[] = [];
  const inspect = safeInspector({ ...options, sink: (message) => messages.push(message) });
  for (const event of inspected) inspect(event as Inspected);
  return messages;
}

/** Returns the secrets in a value. Messages are plain data, so JSON shows all of it. */
export function leaksIn(what: unknown, of: readonly string[] = secrets): string[] {
  const text = typeof what === 'string' ? what : JSON.stringify(what);
  return of.filter((secret) => formsOf(secret).some((form) => text.includes(form)));
}

const formsOf = (secret: string) => [secret, encodeURIComponent(secret), btoa(secret)];

/** Returns the states in the messages. */
export function statesIn(messages: readonly InspectorMessage[]): string[] {
  return messages.flatMap((message) => ('facts' in message.frameio ? [message.frameio.facts.state] : []));
}

/** Returns a copy with every object changed. */
export function altered(value: unknown, alter: (copy: Record<string, unknown>) => unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 6) return value;
  if (Array.isArray(value)) return value.map((each) => altered(each, alter, depth + 1));
  const entries = Object.entries(value).map(([name, each]) => [name, altered(each, alter, depth + 1)]);
  return alter(Object.fromEntries(entries));
}

/** Returns a copy with other values for the same names. */
export function mapped(copy: Record<string, unknown>, map: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(copy).map(([name, value]) => [name, map(value)]));
}
