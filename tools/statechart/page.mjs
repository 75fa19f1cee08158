/**
 * @typedef {import('./layout.mjs').Chart} Chart
 * @typedef {Chart['states'][number]} State
 * @typedef {Chart['transitions'][number]} Transition
 */

/**
 * The page of the statechart: pictures that Markdown draws, and everything as tables.
 *
 * @param {Chart} chart
 * @param {number} drawn how many connections the picture shows
 */
export function pageOf(chart, drawn) {
  const tops = chart.states.filter(({ parent }) => parent === '');
  const between = new Set(chart.transitions.filter(leads).map(({ source, target }) => `${source} ${target}`));
  const guards = new Set(chart.transitions.flatMap(({ guard }) => guard ?? []));
  return `# The statechart

Every session is in one state of this machine. What the states are for, and the numbers, are on [the lifecycle's
page](../design/lifecycle.md); this one is made from [the machine](../../packages/core/src/machine/session-machine.ts) itself, as are
the pictures: \`npm run dev -- pnpm generate\`.

![The states of a session in boxes: restoring, authorizing, refreshing and revoking are under way, and lead through settling to unauthenticated, expired, valid or revoked.](statechart.svg)

\`settling\` takes no time: it looks at what there is and picks the state. The picture has ${drawn} of the
${between.size} connections between states, by short words. The whole machine (${chart.states.length - 1} states,
${new Set(chart.transitions.map(({ event }) => event)).size - 1} events, ${guards.size} conditions, ${chart.transitions.length}
transitions) is below, and in [\`session-machine.js\`](session-machine.js) as plain \`createMachine\` code: in [Stately
Studio](https://stately.ai/editor), import it to look at it, simulate it or change it there.

[The inspector](../../packages/inspector/README.md) shows the same picture with a running session in it.

## From above

\`\`\`mermaid
${outlineOf(chart, tops)}
\`\`\`

${tops.map((top) => sectionOf(chart, top)).join('\n')}`;
}

/**
 * @param {Chart} chart
 * @param {State[]} tops
 */
function outlineOf(chart, tops) {
  /** @type {Map<string, Set<string>>} */
  const arrows = new Map();
  for (const transition of chart.transitions) {
    const [from = '', to = ''] = [transition.source, transition.target ?? ''].map(topOf);
    if (to === '' || from === to) continue;
    const events = arrows.get(`${from} --> ${to}`) ?? new Set();
    arrows.set(`${from} --> ${to}`, events.add(transition.event));
  }
  const lines = [...arrows].map(
    ([arrow, events]) => `  ${arrow}${labelOf([...events].filter((event) => event !== ''))}`,
  );
  const [first] = chart.states;
  return ['stateDiagram-v2', '  direction LR', `  [*] --> ${first?.initial}`, ...lines, '', ...kindsOf(tops)].join(
    '\n',
  );
}

/** @param {string[]} events */
function labelOf(events) {
  if (events.length === 0) return '';
  const [first, ...others] = events;
  return ` : ${first}${others.length > 0 ? `, +${others.length}` : ''}`;
}

/** @param {State[]} tops */
function kindsOf(tops) {
  const ends = tops.filter(({ id }) => id === 'expired' || id === 'revoked').map(({ id }) => id);
  return [
    '  classDef good stroke:#15703a,stroke-width:2px',
    '  classDef over stroke:#b42318,stroke-width:2px',
    '  class valid good',
    `  class ${ends.join(', ')} over`,
  ];
}

/**
 * @param {Chart} chart
 * @param {State} top
 */
function sectionOf(chart, top) {
  const family = chart.states.filter(({ id }) => id === top.id || topOf(id) === top.id);
  const diagram = family.length > 1 ? `\`\`\`mermaid\n${insideOf(chart, family)}\n\`\`\`\n\n` : '';
  return `## ${top.id}\n\n${diagram}${family.map((state) => describe(chart, state, top)).join('\n')}`;
}

/**
 * One top-level state from within, with the states that are entered from it.
 *
 * @param {Chart} chart
 * @param {State[]} family
 */
function insideOf(chart, family) {
  const [top, ...states] = family;
  const ids = new Set(states.map(({ id }) => id));
  /** @type {Map<string, string[]>} */
  const arrows = new Map();
  for (const transition of chart.transitions.filter(leads)) {
    const { source, target } = transition;
    if (!ids.has(source) && source !== top?.id) continue;
    const arrow = `${nodeOf(source)} --> ${nodeOf(target)}`;
    const conditions = transition.guard === null ? transition.event : `${transition.event} [${transition.guard}]`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), conditions.trim()]);
  }
  const [inner, outer] = [true, false].map((wanted) =>
    [...arrows].filter(([arrow]) => arrow.split(' --> ').every((node) => ids.has(idOf(node))) === wanted),
  );
  const others = new Set(outer?.map(([arrow]) => idOf(arrow.split(' --> ')[1] ?? '')));
  const line = (/** @type {[string, string[]]} */ [arrow, labels]) => `${arrow}${several(labels)}`;
  return [
    'stateDiagram-v2',
    `  state "${top?.id}" as ${nodeOf(top?.id ?? '')} {`,
    ...states.map(({ id, name, entry }) => `    ${nodeOf(id)} : ${[`**${name}**`, ...entry].join('<br/>')}`),
    ...(top?.initial == null ? [] : [`    [*] --> ${nodeOf(top.initial)}`]),
    ...(inner ?? []).map((arrow) => `    ${line(arrow)}`),
    '  }',
    ...[...others].map((id) => `  state "${id}" as ${nodeOf(id)}`),
    ...(outer ?? []).map((arrow) => `  ${line(arrow)}`),
  ].join('\n');
}

/** @param {string[]} labels */
function several(labels) {
  const said = labels.filter((label) => label !== '');
  if (said.length === 0) return '';
  return ` : ${said.slice(0, 2).join('<br/>')}${said.length > 2 ? `<br/>+${said.length - 2}` : ''}`;
}

/** @param {string} id */
function nodeOf(id) {
  return id.replaceAll('.', '__');
}

/** @param {string} node */
function idOf(node) {
  return node.replaceAll('__', '.');
}

/**
 * @param {Chart} chart
 * @param {State} state
 * @param {State} top
 */
function describe(chart, state, top) {
  const transitions = chart.transitions.filter(({ source }) => source === state.id);
  const rows = transitions.map(({ event, guard, target, reenter, source, actions, effects }) => [
    event === '' ? '_at once_' : `\`${event}\``,
    guard === null ? '' : `\`${guard}\``,
    target === null ? '' : target === source && reenter ? '_anew_' : `\`${target}\``,
    actions.map((name) => (effects.some((effect) => effect === name) ? `**\`${name}\`**` : `\`${name}\``)).join(', '),
  ]);
  const facts = [
    state.description ?? '',
    state.tags.length > 0 ? `Tagged ${list(state.tags)}.` : '',
    state.initial === null ? '' : `Entered at \`${state.initial}\`.`,
    state.entry.length > 0 ? `On entry: ${list(state.entry)}.` : '',
    state.exit.length > 0 ? `On exit: ${list(state.exit)}.` : '',
  ].filter((fact) => fact !== '');
  return [
    ...(state === top ? [] : [`### ${state.id}\n`]),
    ...(facts.length === 0 ? [] : [`${facts.join(' ')}\n`]),
    ...(rows.length === 0 ? [] : [`${table(['event', 'if', 'to', 'notes and **effects**'], rows)}\n`]),
  ].join('\n');
}

/** @param {readonly string[]} names */
function list(names) {
  return names.map((name) => `\`${name}\``).join(', ');
}

/** @param {string} id */
function topOf(id) {
  return id.split('.', 1)[0] ?? '';
}

/**
 * @param {Transition} transition
 * @returns {transition is Transition & { target: string }}
 */
function leads(transition) {
  return transition.target !== null;
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
