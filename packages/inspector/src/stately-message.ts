import { sessionChart } from './chart.js';
import type { Chart, ChartTransition, InspectorMessage } from './messages.js';

/** Converts a message for Stately's inspector: only fields of its format, and the machine with each actor. */
export function statelyMessage({ frameio: _, ...message }: InspectorMessage): object {
  return message.type === '@xstate.actor' ? { ...message, definition: DEFINITION } : message;
}

/** The statechart in XState's notation, from the chart, which contains only names: no code, no context, no values. */
const DEFINITION = JSON.stringify(definitionOf(sessionChart, ''));

function definitionOf(chart: Chart, id: string): object {
  const states = chart.states.filter(({ parent }) => parent === id);
  const state = chart.states.find((each) => each.id === id);
  const own = chart.transitions.filter(({ source }) => source === id);
  const events = [...new Set(own.map(({ event }) => event))].filter((event) => event !== '');
  const taking = (event: string) =>
    own.filter((transition) => transition.event === event).map((transition) => transitionOf(chart, transition));
  return {
    ...(id === '' && { id: chart.id }),
    ...(state?.initial != null && { initial: state.initial.slice(state.initial.lastIndexOf('.') + 1) }),
    ...(state?.description != null && { description: state.description }),
    tags: state?.tags,
    entry: state?.entry.map(named),
    exit: state?.exit.map(named),
    always: taking(''),
    on: Object.fromEntries(events.map((event) => [event, taking(event)])),
    states: Object.fromEntries(states.map((child) => [child.name, definitionOf(chart, child.id)])),
  };
}

function transitionOf(chart: Chart, { target, guard, actions, reenter }: ChartTransition): object {
  return {
    ...(target !== null && { target: `#${chart.id}.${target}` }),
    ...(guard !== null && { guard: named(guard) }),
    actions: actions.map(named),
    reenter,
  };
}

function named(type: string): { readonly type: string } {
  return { type };
}
