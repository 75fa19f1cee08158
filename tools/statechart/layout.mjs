import elk from 'elkjs/lib/elk.bundled.js';
import { ARRANGEMENTS, CONNECTIONS, wordFor } from './selection.mjs';

/**
 * @typedef {import('../../packages/inspector/src/messages.js').Chart} Chart
 * @typedef {import('elkjs/lib/elk-api.js').ElkNode} ElkNode
 * @typedef {import('elkjs/lib/elk-api.js').ElkExtendedEdge} ElkEdge
 * @typedef {import('../../packages/inspector/viewer/statechart.js').Plan} Plan
 * @typedef {import('../../packages/inspector/viewer/statechart.js').Box} Box
 */

const MARGIN = 12;
const BEND = 6;
/** The heights of texts of 12 and 10 pixels, and the width of a letter of the latter, which is monospaced. */
const LABEL = { height: 14, letter: 6.1, padding: 8 };

const ROUTING = {
  'elk.algorithm': 'layered',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '3',
  'elk.layered.thoroughness': '60',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.edgeLabels.sideSelection': 'SMART_UP',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '2',
  'elk.spacing.portPort': '10',
};

/** The top-level states, where they are told to be. */
const OUTSIDE = {
  ...ROUTING,
  'elk.hierarchyHandling': 'SEPARATE_CHILDREN',
  'elk.layered.cycleBreaking.strategy': 'INTERACTIVE',
  'elk.layered.layering.strategy': 'INTERACTIVE',
  'elk.layered.crossingMinimization.strategy': 'INTERACTIVE',
  'elk.spacing.nodeNode': '24',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
};

/** What is in one of them, in the order of the machine. */
const INSIDE = {
  ...ROUTING,
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.portConstraints': 'FIXED_SIDE',
  'elk.padding': '[top=36,left=14,bottom=14,right=14]',
  'elk.spacing.nodeNode': '16',
  'elk.layered.spacing.nodeNodeBetweenLayers': '20',
};

/**
 * Draws the statechart in each arrangement.
 *
 * @param {Chart} chart
 * @returns {Promise<Record<keyof typeof ARRANGEMENTS, Plan>>}
 */
export async function layOut(chart) {
  return { wide: await planOf(chart, ARRANGEMENTS.wide), tall: await planOf(chart, ARRANGEMENTS.tall) };
}

/**
 * @param {Chart} chart
 * @param {{ direction: string, places: Record<string, number[]> }} arrangement
 * @returns {Promise<Plan>}
 */
async function planOf(chart, arrangement) {
  const connections = CONNECTIONS.map((connection) => connectionOf(chart, connection));
  const { graph, ways } = graphOf(chart, connections, arrangement);
  const drawn = await new elk.default().layout(graph);
  /** @type {Map<string, Box>} */
  const boxes = new Map();
  /** @type {Map<string, { points: number[][], label: { x: number, y: number } | undefined }>} */
  const lines = new Map();
  read(drawn, MARGIN - (drawn.x ?? 0), MARGIN - (drawn.y ?? 0), boxes, lines);
  return {
    width: Math.ceil((drawn.width ?? 0) + 2 * MARGIN),
    height: Math.ceil((drawn.height ?? 0) + 2 * MARGIN),
    states: chart.states.flatMap(({ id, name }) => {
      const box = boxes.get(id);
      return id === '' || box === undefined ? [] : [{ id, name, box, compound: isCompound(chart, id) }];
    }),
    connections: connections.map(({ source, target, transitions, word }, number) => {
      const parts = (ways[number] ?? []).flatMap((id) => lines.get(id) ?? []);
      const label = parts.find((part) => part.label !== undefined)?.label;
      const path = pathThrough(parts.flatMap(({ points }) => points));
      return { source, target, transitions, path, label: label === undefined ? null : { text: word, ...label } };
    }),
  };
}

/**
 * @param {Chart} chart
 * @param {string} connection
 */
function connectionOf(chart, connection) {
  const [source = '', target = ''] = connection.split(' > ');
  const transitions = chart.transitions.filter((each) => each.source === source && each.target === target);
  if (transitions.length === 0) throw new Error(`The machine has no transition from ${source} to ${target}.`);
  const word = transitions.map(wordFor).find((each) => each !== '') ?? '';
  return { source, target, transitions: transitions.map(({ id }) => id), word };
}

/**
 * The graph for ELK. A connection from within one top-level state to within another one goes through a port on the edge of
 * each, which it shares with others between the same two; so it is up to three edges, its way.
 *
 * @param {Chart} chart
 * @param {ReturnType<typeof connectionOf>[]} connections
 * @param {{ direction: string, places: Record<string, number[]> }} arrangement
 * @returns {{ graph: ElkNode, ways: string[][] }}
 */
function graphOf(chart, connections, { direction, places }) {
  const [ahead, back] = direction === 'RIGHT' ? ['EAST', 'WEST'] : ['SOUTH', 'NORTH'];
  const axis = direction === 'RIGHT' ? 0 : 1;
  const tops = chart.states.filter(({ parent }) => parent === '').map(({ id }) => topNode(chart, id));
  const nodes = new Map(tops.map((node) => [node.id, node]));
  /** @type {ElkEdge[]} */
  const between = [];

  /** @param {string} top @param {string} other @param {string} purpose */
  function port(top, other, purpose) {
    const id = `${top} ${purpose} ${other}`;
    const ports = nodes.get(top)?.ports ?? [];
    const side = placeOf(other)[axis] > placeOf(top)[axis] ? ahead : back;
    if (!ports.some((each) => each.id === id)) {
      ports.push({ id, width: 0, height: 0, layoutOptions: { 'elk.port.side': side } });
    }
    return id;
  }
  /** @param {string} top @returns {[number, number]} */
  function placeOf(top) {
    const [column, row] = places[top] ?? [];
    if (column === undefined || row === undefined) throw new Error(`Nobody said where ${top} is drawn.`);
    return [column, row];
  }
  /** @param {ElkEdge[]} edges @param {string} source @param {string} target @param {ReturnType<typeof labelsOf>} labels */
  function edge(edges, source, target, labels) {
    const id = `${source} > ${target}`;
    if (!edges.some((each) => each.id === id)) edges.push({ id, sources: [source], targets: [target], labels });
    return id;
  }

  const ways = connections.map(({ source, target, word }) => {
    const [from = '', to = ''] = [source, target].map((id) => id.split('.', 1)[0]);
    const inside = (/** @type {string} */ top) => nodes.get(top)?.edges ?? [];
    if (from === to) return [edge(inside(from), source, target, labelsOf(word))];
    const exit = isCompound(chart, from) ? port(from, to, 'to') : from;
    const entry = isCompound(chart, to) ? port(to, from, 'from') : to;
    // Its word stands where the connection is alone: in the state that it leaves, else in the one that it enters.
    const [left, middle, right] =
      source !== from ? [word, '', ''] : from === 'settling' ? ['', '', word] : ['', word, ''];
    const way = [];
    if (source !== from) way.push(edge(inside(from), source, exit, labelsOf(left)));
    way.push(edge(between, exit, entry, exit === from ? labelsOf(middle, 'TAIL') : []));
    if (target !== to)
      way.push(edge(inside(to), entry, target, labelsOf(exit === from ? right : left === '' ? word : '')));
    return way;
  });

  for (const node of tops) {
    const [column, row] = placeOf(node.id);
    Object.assign(node, { x: column * 1000, y: row * 1000 });
    if (isCompound(chart, node.id)) node.layoutOptions = { ...INSIDE, 'elk.direction': direction };
  }
  const layoutOptions = { ...OUTSIDE, 'elk.direction': direction };
  return { graph: { id: '', children: tops, edges: between, layoutOptions }, ways };
}

/**
 * @param {Chart} chart
 * @param {string} top
 * @returns {ElkNode}
 */
function topNode(chart, top) {
  const children = chart.states.filter(({ parent }) => parent === top);
  if (children.length === 0) return { id: top, width: top === 'settling' ? 84 : 128, height: 44 };
  const nodes = children.map(({ id, name }) => ({
    id,
    width: Math.max(88, Math.round(name.length * 7.2 + 24)),
    height: 34,
  }));
  return { id: top, children: nodes, ports: [], edges: [] };
}

/**
 * @param {string} text
 * @param {'CENTER' | 'TAIL'} [placement]
 */
function labelsOf(text, placement = 'CENTER') {
  const width = Math.round(text.length * LABEL.letter + LABEL.padding);
  const layoutOptions = { 'elk.edgeLabels.placement': placement };
  return text === '' ? [] : [{ text, width, height: LABEL.height, layoutOptions }];
}

/**
 * @param {Chart} chart
 * @param {string} id
 */
function isCompound(chart, id) {
  return chart.states.some(({ parent }) => parent === id);
}

/**
 * Takes down what ELK found, in the coordinates of the whole picture.
 *
 * @param {ElkNode} node
 * @param {number} left
 * @param {number} top
 * @param {Map<string, Box>} boxes
 * @param {Map<string, { points: number[][], label: { x: number, y: number } | undefined }>} lines
 */
function read(node, left, top, boxes, lines) {
  const x = left + (node.x ?? 0);
  const y = top + (node.y ?? 0);
  boxes.set(node.id, { x: tenth(x), y: tenth(y), width: tenth(node.width ?? 0), height: tenth(node.height ?? 0) });
  for (const { id, sections = [], labels = [] } of node.edges ?? []) {
    const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) =>
      [startPoint, ...bendPoints, endPoint].map((point) => [x + point.x, y + point.y]),
    );
    const [label] = labels.map((each) => ({
      x: tenth(x + (each.x ?? 0) + (each.width ?? 0) / 2),
      y: tenth(y + (each.y ?? 0) + (each.height ?? 0) / 2),
    }));
    lines.set(id, { points, label });
  }
  for (const child of node.children ?? []) read(child, x, y, boxes, lines);
}

/**
 * A line through the points, with its corners rounded.
 *
 * @param {number[][]} points
 */
function pathThrough(points) {
  const corners = points.filter(([x = 0, y = 0], number) => {
    const [[ax = 0, ay = 0] = [], [bx = 0, by = 0] = []] = [points[number - 1], points[number + 1]];
    if (number === 0 || number === points.length - 1) return true;
    return !(same(ax, x) && same(x, bx)) && !(same(ay, y) && same(y, by)) && !(same(ax, x) && same(ay, y));
  });
  return corners
    .map(([x = 0, y = 0], number) => {
      const before = corners[number - 1];
      const after = corners[number + 1];
      if (before === undefined) return `M${tenth(x)} ${tenth(y)}`;
      if (after === undefined) return `L${tenth(x)} ${tenth(y)}`;
      const [fromX, fromY] = towards([x, y], before);
      const [toX, toY] = towards([x, y], after);
      return `L${fromX} ${fromY}Q${tenth(x)} ${tenth(y)} ${toX} ${toY}`;
    })
    .join('');
}

/**
 * @param {[number, number]} corner
 * @param {number[]} other
 */
function towards([x, y], [otherX = 0, otherY = 0]) {
  const length = Math.hypot(otherX - x, otherY - y);
  const share = length === 0 ? 0 : Math.min(BEND, length / 2) / length;
  return [tenth(x + (otherX - x) * share), tenth(y + (otherY - y) * share)];
}

/** @param {number} a @param {number} b */
function same(a, b) {
  return Math.abs(a - b) < 0.05;
}

/** @param {number} value */
function tenth(value) {
  return Math.round(value * 10) / 10;
}
