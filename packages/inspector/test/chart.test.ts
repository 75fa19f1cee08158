import { sessionMachine } from '@frameio-auth/core/machine';
import { type InspectorMessage, sessionChart, statelyInspector } from '@frameio-auth/inspector';
import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { messagesUntil } from './page-request.js';
import { emitSessionEvents, type Inspected } from './session-events.js';

/** Returns the names of all states and events of a machine. */
function outline(machine: {
  root: { states: object; ownEvents: readonly string[]; key: string };
}): Record<string, unknown> {
  const of = (node: { states: object; ownEvents: readonly string[] }): Record<string, unknown> => ({
    events: [...node.ownEvents].sort(),
    states: Object.fromEntries(Object.entries(node.states).map(([name, state]) => [name, of(state)])),
  });
  return of(machine.root);
}

describe('the chart', () => {
  const ids = new Set(sessionChart.states.map(({ id }) => id));

  it('has the states of the machine, each after the one that it is in', () => {
    const { '': root, ...states } = Object.fromEntries(sessionChart.states.map((state) => [state.id, state]));
    expect(root).toMatchObject({ name: 'session', parent: null, type: 'compound', initial: 'restoring' });
    const named = Object.values(states).map(({ parent, name }) => (parent === '' ? name : `${parent}.${name}`));
    expect(named).toEqual(Object.keys(states));
    expect(Object.keys(states)).toEqual(
      expect.arrayContaining(['valid.unsaved', 'refreshing.writingTombstone', 'revoked']),
    );
    const order = [...ids];
    for (const { id, parent } of sessionChart.states.slice(1)) {
      expect(order.indexOf(parent as string)).toBeLessThan(order.indexOf(id));
    }
  });

  it('has transitions between these states, each with an id of its own', () => {
    expect(new Set(sessionChart.transitions.map(({ id }) => id)).size).toBe(sessionChart.transitions.length);
    const ends = sessionChart.transitions.flatMap(({ source, target }) =>
      target === null ? [source] : [source, target],
    );
    expect(ends.filter((id) => !ids.has(id))).toEqual([]);
    const granted = sessionChart.transitions.find(({ id }) => id === 'refreshing.leasing lease.granted 0');
    expect(granted).toEqual({
      id: 'refreshing.leasing lease.granted 0',
      source: 'refreshing.leasing',
      target: 'refreshing.requesting',
      event: 'lease.granted',
      guard: null,
      actions: ['noteLease'],
      effects: [],
      reenter: false,
    });
  });

  it('tells effects from what the machine only notes', () => {
    const received = sessionChart.transitions.find(({ event }) => event === 'tokenResponse.received');
    expect(received).toMatchObject({ actions: ['rememberHeld', 'notePace', 'holdTokens'], effects: ['holdTokens'] });
  });
});

describe('messages for Stately', () => {
  it('is its own format alone, with a definition that makes the same machine', async () => {
    await using inspector = statelyInspector();
    await emitSessionEvents((event: Inspected) => inspector.next(event));
    const isLast = (message: InspectorMessage) =>
      message.type === '@xstate.snapshot' && message.event.type === 'xstate.stop';
    const messages: object[] = await messagesUntil(await inspector.url(), isLast);
    expect(messages.filter((message) => 'frameio' in message)).toEqual([]);
    const [first] = messages as [{ definition: string; _version: string }];
    expect(first).toMatchObject({ type: '@xstate.actor', name: 'default', _version: '0.7.2' });
    expect(outline(createMachine(JSON.parse(first.definition)))).toEqual(outline(sessionMachine));
  });
});
