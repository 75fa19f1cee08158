import { type EffectName, sessionMachine } from '@frameio-auth/core/machine';
import { effectNames } from './effect-names.js';
import type { Chart, ChartState, ChartTransition } from './messages.js';

type StateNode = typeof sessionMachine.root;
type Transition = NonNullable<StateNode['always']>[number];

/** The statechart of the sessions, derived from the real machine. It is the same for all sessions. */
export const sessionChart: Chart = chartOf(sessionMachine.root);

/** The full names of all states; `''` is the machine itself. */
export const stateIds: ReadonlySet<string> = new Set(sessionChart.states.map(({ id }) => id));

/** The ids of all transitions. */
export const transitionIds: ReadonlySet<string> = new Set(sessionChart.transitions.map(({ id }) => id));

/**
 * Returns the id of a transition, from what makes it unique: its state, its event and its index among those of both.
 */
export function transitionId(state: string, event: string, place: number): string {
  return `${state} ${event} ${place}`;
}

function chartOf(root: StateNode): Chart {
  const nodes = [...family(root)];
  return { id: root.key, states: nodes.map(stateOf), transitions: nodes.flatMap(transitionsOf) };
}

function* family(node: StateNode): Generator<StateNode> {
  yield node;
  for (const child of childrenOf(node)) yield* family(child);
}

function childrenOf(node: StateNode): StateNode[] {
  return Object.values(node.states as Record<string, StateNode>);
}

function idOf(node: StateNode): string {
  return node.path.join('.');
}

function stateOf(node: StateNode): ChartState {
  const first = node.type === 'compound' ? node.initial.target[0] : undefined;
  return {
    id: idOf(node),
    name: node.key,
    parent: node.parent === undefined ? null : node.path.slice(0, -1).join('.'),
    type: node.type,
    initial: first === undefined ? null : idOf(first),
    description: node.description ?? null,
    tags: node.tags,
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
  };
}

function transitionsOf(node: StateNode): ChartTransition[] {
  const always = (node.always ?? []).map((transition, place) => transitionOf(transition, '', place));
  const on = [...node.transitions].flatMap(([event, transitions]) =>
    transitions.map((transition, place) => transitionOf(transition, event, place)),
  );
  return [...always, ...on];
}

function transitionOf({ source, target, guard, actions, reenter }: Transition, event: string, place: number) {
  const names = namesOf(actions);
  return {
    id: transitionId(idOf(source), event, place),
    source: idOf(source),
    target: target?.[0] === undefined ? null : idOf(target[0]),
    event,
    guard: guard === undefined ? null : nameOf(guard),
    actions: names,
    effects: names.filter((name): name is EffectName => Object.hasOwn(effectNames, name)),
    reenter,
  };
}

function namesOf(actions: readonly unknown[]): string[] {
  return actions.map(nameOf);
}

/** Returns the name of an action or a guard; for XState's `and` and `not`, in words: `canRenew and not isPaced`. */
function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  if (typeof named === 'object') return (named as { readonly type: string }).type;
  const guards = (named as { readonly guards: readonly unknown[] }).guards.map(nameOf);
  return guards.length === 1 ? `not ${guards[0]}` : guards.join(' and ');
}
