/**
 * @typedef {import('xstate').AnyStateNode} StateNode
 * @typedef {import('xstate').AnyTransitionDefinition} Transition
 */

/**
 * The machine as `createMachine` code without imports but XState's: conditions, notes and effects by their names, with
 * those of their parameters that are the same each time.
 *
 * @param {StateNode} root
 * @param {object} context what it begins with
 */
export function codeOf(root, context) {
  return `// The statechart of a session, as plain XState code: for Stately Studio, and for whoever wants to look at it without its
// sources. It is made from packages/core/src/machine: npm run dev -- pnpm generate
import { createMachine } from 'xstate';

export const sessionMachine = createMachine(${JSON.stringify({ id: root.id, context, ...configOf(root) }, null, 2)});
`;
}

/**
 * What two machines that behave alike have in common: each state with its transitions, in order.
 *
 * @param {StateNode} root
 */
export function outlineOf(root) {
  return JSON.stringify(configOf(root));
}

/**
 * @param {StateNode} node
 * @returns {object}
 */
function configOf(node) {
  const children = Object.values(node.states);
  const always = (node.always ?? []).map(transitionOf);
  const on = [...node.transitions].map(([event, transitions]) => [event, alone(transitions.map(transitionOf))]);
  return {
    ...(node.description !== undefined && { description: node.description }),
    ...(node.tags.length > 0 && { tags: node.tags }),
    ...(children.length > 0 && { initial: node.initial.target?.[0]?.key }),
    ...(node.entry.length > 0 && { entry: alone(node.entry.map(named)) }),
    ...(node.exit.length > 0 && { exit: alone(node.exit.map(named)) }),
    ...(always.length > 0 && { always: alone(always) }),
    ...(on.length > 0 && { on: Object.fromEntries(on) }),
    ...(children.length > 0 && { states: Object.fromEntries(children.map((child) => [child.key, configOf(child)])) }),
  };
}

/** @param {Transition} transition */
function transitionOf({ target, guard, actions, reenter }) {
  const [state] = target ?? [];
  return {
    ...(guard !== undefined && { guard: named(guard) }),
    ...(state !== undefined && { target: `#${[state.machine.id, ...state.path].join('.')}` }),
    ...(reenter && { reenter }),
    ...(actions.length > 0 && { actions: alone(actions.map(named)) }),
  };
}

/** @param {unknown} reference to a condition, a note or an effect: its name, or an object with it */
function named(reference) {
  if (typeof reference === 'string') return reference;
  const { type, params } = /** @type {{ type: string, params?: unknown }} */ (reference);
  return params === undefined || typeof params === 'function' ? type : { type, params };
}

/** @param {readonly unknown[]} list what XState takes without the list when it is one */
function alone(list) {
  return list.length === 1 ? list[0] : list;
}
