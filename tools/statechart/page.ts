import type { Chart, ChartState, ChartTransition } from '../../packages/inspector/src/messages.ts';
import { codeList, table } from '../generate/markdown.ts';

/**
 * Returns the page of the statechart: the picture, and all states and transitions as diagrams and tables.
 *
 * @param drawn - how many connections the picture shows
 */
export function pageOf(chart: Chart, drawn: number): string {
  const tops = chart.states.filter(({ parent }) => parent === '');
  const connections = new Set(chart.transitions.filter(hasTarget).map(({ source, target }) => `${source} ${target}`));
  const events = new Set(chart.transitions.map(({ event }) => event).filter((event) => event !== ''));
  const guards = new Set(chart.transitions.flatMap(({ guard }) => guard ?? []));
  return `# The statechart

Every session is in one state of this machine. [The lifecycle](../design/lifecycle.md) explains the states and the numbers. This
page and its pictures are generated from [the machine](../../packages/core/src/machine/session-machine.ts): \`npm run dev -- pnpm
generate\`.

![The states of a session in boxes: restoring, authorizing, refreshing and revoking are busy, and lead through settling to unauthenticated, expired, valid or revoked.](statechart.svg)

\`settling\` takes no time: it looks at the record and picks the next state. The picture shows ${drawn} of the ${connections.size}
connections between states, with short labels. The whole machine (${chart.states.length - 1} states, ${events.size} events,
${guards.size} guards, ${chart.transitions.length} transitions) is below, and in [\`session-machine.js\`](session-machine.js) as plain
\`createMachine\` code: import it in [Stately Studio](https://stately.ai/editor) to view, simulate or change it.

[The inspector](../../packages/inspector/README.md) shows the same picture with a running session in it.

${tops.map((top) => sectionOf(chart, top)).join('\n')}`;
}

function sectionOf(chart: Chart, top: ChartState): string {
  const states = chart.states.filter(({ id }) => id.startsWith(`${top.id}.`));
  const diagram = states.length > 0 ? `\`\`\`mermaid\n${diagramOf(chart, top, states)}\n\`\`\`\n\n` : '';
  return `## ${top.id}\n\n${diagram}${[top, ...states].map((state) => describe(chart, state, top)).join('\n')}`;
}

/** Returns the diagram of a top-level state with its child states, and the states to which they lead. */
function diagramOf(chart: Chart, top: ChartState, states: readonly ChartState[]): string {
  const ids = new Set(states.map(({ id }) => id));
  const transitions = chart.transitions.filter(hasTarget).filter(({ source }) => ids.has(source) || source === top.id);
  const arrows = Map.groupBy(transitions, ({ source, target }) => `${nodeOf(source)} --> ${nodeOf(target)}`);
  const lines = [...arrows].map(([arrow, group]) => ({
    line: `${arrow}${labelOf(group)}`,
    isInner: group.every(({ source, target }) => ids.has(source) && ids.has(target)),
  }));
  const others = new Set(
    transitions.filter(({ source, target }) => !ids.has(source) || !ids.has(target)).map(({ target }) => target),
  );
  return [
    'stateDiagram-v2',
    `  state "${top.id}" as ${nodeOf(top.id)} {`,
    ...states.map(({ id, name, entry }) => `    ${nodeOf(id)} : ${[`**${name}**`, ...entry].join('<br/>')}`),
    ...(top.initial === null ? [] : [`    [*] --> ${nodeOf(top.initial)}`]),
    ...lines.filter(({ isInner }) => isInner).map(({ line }) => `    ${line}`),
    '  }',
    ...[...others].map((id) => `  state "${id}" as ${nodeOf(id)}`),
    ...lines.filter(({ isInner }) => !isInner).map(({ line }) => `  ${line}`),
  ].join('\n');
}

/** Returns the first two labels of an arrow, and how many more there are. */
function labelOf(transitions: readonly ChartTransition[]): string {
  const labels = transitions
    .map(({ event, guard }) => (guard === null ? event : `${event} [${guard}]`).trim())
    .filter((label) => label !== '');
  if (labels.length === 0) return '';
  return ` : ${labels.slice(0, 2).join('<br/>')}${labels.length > 2 ? `<br/>+${labels.length - 2}` : ''}`;
}

/** Mermaid's ids have no dots. */
function nodeOf(id: string): string {
  return id.replaceAll('.', '__');
}

function describe(chart: Chart, state: ChartState, top: ChartState): string {
  const transitions = chart.transitions.filter(({ source }) => source === state.id);
  const rows = transitions.map(({ event, guard, target, reenter, source, actions, effects }) => [
    event === '' ? '_always_' : `\`${event}\``,
    guard === null ? '' : `\`${guard}\``,
    target === null ? '' : target === source && reenter ? '_reentered_' : `\`${target}\``,
    actions.map((name) => (effects.some((effect) => effect === name) ? `**\`${name}\`**` : `\`${name}\``)).join(', '),
  ]);
  const facts = [
    state.description ?? '',
    state.tags.length > 0 ? `Tags: ${codeList(state.tags)}.` : '',
    state.initial === null ? '' : `Initial state: \`${state.initial}\`.`,
    state.entry.length > 0 ? `On entry: ${codeList(state.entry)}.` : '',
    state.exit.length > 0 ? `On exit: ${codeList(state.exit)}.` : '',
  ].filter((fact) => fact !== '');
  return [
    ...(state === top ? [] : [`### ${state.id}\n`]),
    ...(facts.length === 0 ? [] : [`${facts.join(' ')}\n`]),
    ...(rows.length === 0 ? [] : [`${table(['event', 'guard', 'target', 'actions and **effects**'], rows)}\n`]),
  ].join('\n');
}

function hasTarget(transition: ChartTransition): transition is ChartTransition & { target: string } {
  return transition.target !== null;
}
