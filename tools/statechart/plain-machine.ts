import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';

/**
 * Returns the machine as `createMachine` code that imports only XState. Guards and actions are named, with those of their
 * parameters that are constant.
 */
export function codeOf(root: AnyStateNode, context: object): string {
  return `// The statechart of a session as plain XState code, to view it or to import it in Stately Studio. Generated from
// packages/core/src/machine: npm run dev -- pnpm generate
import { createMachine } from 'xstate';

export const sessionMachine = createMachine(${JSON.stringify({ id: root.id, context, ...configOf(root) }, null, 2)});
`;
}

/** Returns what machines with the same behaviour have in common: their states and transitions, in order. */
export function outlineOf(root: AnyStateNode): string {
  return JSON.stringify(configOf(root));
}

function configOf(node: AnyStateNode): object {
  const children = Object.values(node.states);
  const on = [...node.transitions].map(([event, transitions]) => [event, unwrapped(transitions.map(transitionOf))]);
  return withoutEmpty({
    description: node.description,
    tags: node.tags,
    initial: children.length > 0 ? node.initial.target?.[0]?.key : undefined,
    entry: unwrapped(node.entry.map(named)),
    exit: unwrapped(node.exit.map(named)),
    always: unwrapped((node.always ?? []).map(transitionOf)),
    on: Object.fromEntries(on),
    states: Object.fromEntries(children.map((child) => [child.key, configOf(child)])),
  });
}

function transitionOf({ target, guard, actions, reenter }: AnyTransitionDefinition): object {
  const [state] = target ?? [];
  return withoutEmpty({
    guard: guard === undefined ? undefined : named(guard),
    target: state === undefined ? undefined : `#${[state.machine.id, ...state.path].join('.')}`,
    reenter: reenter || undefined,
    actions: unwrapped(actions.map(named)),
  });
}

/**
 * Returns the name of a guard or an action, with its parameters if they are constant. The name of XState's `and` and
 * `not` lists their guards; only `not` has a single one.
 */
function named(reference: unknown): unknown {
  if (typeof reference === 'string') return reference;
  if (typeof reference === 'function') {
    const guards = (reference as unknown as { guards: unknown[] }).guards.map(named);
    return guards.length === 1 ? `not ${guards[0]}` : guards.join(' and ');
  }
  const { type, params } = reference as { type: string; params?: unknown };
  return params === undefined || typeof params === 'function' ? type : { type, params };
}

/** XState takes a single item without its array. */
function unwrapped(list: readonly unknown[]): unknown {
  return list.length === 1 ? list[0] : list;
}

function withoutEmpty(config: Record<string, unknown>): object {
  const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined && !isEmpty(value)));
}
