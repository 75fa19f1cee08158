import elk, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk.bundled.js';
import type { Chart } from '../../packages/inspector/src/messages.ts';
import type { Box, Plan } from '../../packages/inspector/viewer/statechart.js';
import { ARRANGEMENTS, type Arrangement, CONNECTIONS, labelFor } from './selection.ts';

type Point = readonly [x: number, y: number];

/** A connection between two states, with all its transitions. */
interface Connection {
  readonly source: string;
  readonly target: string;
  readonly transitions: readonly string[];
  readonly label: string;
}

/** An edge as ELK drew it. `label` is the middle of its label. */
interface Line {
  readonly points: readonly Point[];
  readonly label: { readonly x: number; readonly y: number } | undefined;
}

const MARGIN = 12;
const BEND = 6;
/** The size of a label in pixels; its font is monospaced. */
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

/** Options for the top-level states, whose places are given. */
const OUTSIDE = {
  ...ROUTING,
  'elk.hierarchyHandling': 'SEPARATE_CHILDREN',
  'elk.layered.cycleBreaking.strategy': 'INTERACTIVE',
  'elk.layered.layering.strategy': 'INTERACTIVE',
  'elk.layered.crossingMinimization.strategy': 'INTERACTIVE',
  'elk.spacing.nodeNode': '24',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
};

/** Options for the states inside a top-level state, in the order of the machine. */
const INSIDE = {
  ...ROUTING,
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.portConstraints': 'FIXED_SIDE',
  'elk.padding': '[top=36,left=14,bottom=14,right=14]',
  'elk.spacing.nodeNode': '16',
  'elk.layered.spacing.nodeNodeBetweenLayers': '20',
};

/** Draws the statechart in each arrangement. */
export async function layOut(chart: Chart): Promise<Record<keyof typeof ARRANGEMENTS, Plan>> {
  return { wide: await planOf(chart, ARRANGEMENTS.wide), tall: await planOf(chart, ARRANGEMENTS.tall) };
}

async function planOf(chart: Chart, arrangement: Arrangement): Promise<Plan> {
  const connections = CONNECTIONS.map((connection) => connectionOf(chart, connection));
  const { graph, ways } = graphOf(chart, connections, arrangement);
  const drawn = await new elk.default().layout(graph);
  const boxes = new Map<string, Box>();
  const lines = new Map<string, Line>();
  read(drawn, MARGIN - (drawn.x ?? 0), MARGIN - (drawn.y ?? 0), boxes, lines);
  return {
    width: Math.ceil((drawn.width ?? 0) + 2 * MARGIN),
    height: Math.ceil((drawn.height ?? 0) + 2 * MARGIN),
    states: chart.states.flatMap(({ id, name }) => {
      const box = boxes.get(id);
      return id === '' || box === undefined ? [] : [{ id, name, box, compound: isCompound(chart, id) }];
    }),
    connections: connections.map(({ source, target, transitions, label: text }, index) => {
      const parts = (ways[index] ?? []).flatMap((id) => lines.get(id) ?? []);
      const label = parts.find((part) => part.label !== undefined)?.label;
      const path = pathThrough(parts.flatMap(({ points }) => points));
      return { source, target, transitions, path, label: label === undefined ? null : { text, ...label } };
    }),
  };
}

function connectionOf(chart: Chart, connection: string): Connection {
  const [source = '', target = ''] = connection.split(' > ');
  const transitions = chart.transitions.filter((each) => each.source === source && each.target === target);
  if (transitions.length === 0) throw new Error(`The machine has no transition from ${source} to ${target}.`);
  const label = transitions.map(labelFor).find((each) => each !== '') ?? '';
  return { source, target, transitions: transitions.map(({ id }) => id), label };
}

/**
 * Returns the graph for ELK. A connection between the insides of two top-level states passes a port on the border of each,
 * which connections between the same two share. So a connection has a way of up to three edges.
 */
function graphOf(
  chart: Chart,
  connections: readonly Connection[],
  { direction, places }: Arrangement,
): { graph: ElkNode; ways: string[][] } {
  const [ahead, back] = direction === 'RIGHT' ? ['EAST', 'WEST'] : ['SOUTH', 'NORTH'];
  const axis = direction === 'RIGHT' ? 0 : 1;
  const tops = chart.states.filter(({ parent }) => parent === '').map(({ id }) => topNode(chart, id));
  const nodes = new Map(tops.map((node) => [node.id, node]));
  const between: ElkExtendedEdge[] = [];

  function port(top: string, other: string, purpose: string): string {
    const id = `${top} ${purpose} ${other}`;
    const ports = nodes.get(top)?.ports ?? [];
    const side = placeOf(other)[axis] > placeOf(top)[axis] ? ahead : back;
    if (!ports.some((each) => each.id === id)) {
      ports.push({ id, width: 0, height: 0, layoutOptions: { 'elk.port.side': side } as Record<string, string> });
    }
    return id;
  }
  function placeOf(top: string): Point {
    const place = places[top];
    if (place === undefined) throw new Error(`The arrangement has no place for ${top}.`);
    return place;
  }
  function edge(edges: ElkExtendedEdge[], source: string, target: string, labels: ReturnType<typeof labelsOf>): string {
    const id = `${source} > ${target}`;
    if (!edges.some((each) => each.id === id)) edges.push({ id, sources: [source], targets: [target], labels });
    return id;
  }

  const ways = connections.map(({ source, target, label }) => {
    const [from = '', to = ''] = [source, target].map((id) => id.split('.', 1)[0]);
    const inside = (top: string) => nodes.get(top)?.edges ?? [];
    if (from === to) return [edge(inside(from), source, target, labelsOf(label))];
    const exit = isCompound(chart, from) ? port(from, to, 'to') : from;
    const entry = isCompound(chart, to) ? port(to, from, 'from') : to;
    // The label is where the connection shares its edge with no other: in the state that it leaves, or that it enters.
    const [left = '', middle = '', right = ''] =
      source !== from ? [label] : from === 'settling' ? ['', '', label] : ['', label];
    const way = [];
    if (source !== from) way.push(edge(inside(from), source, exit, labelsOf(left)));
    way.push(edge(between, exit, entry, exit === from ? labelsOf(middle, 'TAIL') : []));
    if (target !== to)
      way.push(edge(inside(to), entry, target, labelsOf(exit === from ? right : left === '' ? label : '')));
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

function topNode(chart: Chart, top: string): ElkNode {
  const children = chart.states.filter(({ parent }) => parent === top);
  if (children.length === 0) return { id: top, width: top === 'settling' ? 84 : 128, height: 44 };
  const nodes = children.map(({ id, name }) => ({
    id,
    width: Math.max(88, Math.round(name.length * 7.2 + 24)),
    height: 34,
  }));
  return { id: top, children: nodes, ports: [], edges: [] };
}

function labelsOf(text: string, placement: 'CENTER' | 'TAIL' = 'CENTER') {
  const width = Math.round(text.length * LABEL.letter + LABEL.padding);
  const layoutOptions = { 'elk.edgeLabels.placement': placement };
  return text === '' ? [] : [{ text, width, height: LABEL.height, layoutOptions }];
}

function isCompound(chart: Chart, id: string): boolean {
  return chart.states.some(({ parent }) => parent === id);
}

/** Adds the boxes and lines of a node and its children, in the coordinates of the whole picture. */
function read(node: ElkNode, left: number, top: number, boxes: Map<string, Box>, lines: Map<string, Line>): void {
  const x = left + (node.x ?? 0);
  const y = top + (node.y ?? 0);
  boxes.set(node.id, { x: tenth(x), y: tenth(y), width: tenth(node.width ?? 0), height: tenth(node.height ?? 0) });
  for (const { id, sections = [], labels = [] } of node.edges ?? []) {
    const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) =>
      [startPoint, ...bendPoints, endPoint].map((point): Point => [x + point.x, y + point.y]),
    );
    const [label] = labels.map((each) => ({
      x: tenth(x + (each.x ?? 0) + (each.width ?? 0) / 2),
      y: tenth(y + (each.y ?? 0) + (each.height ?? 0) / 2),
    }));
    lines.set(id, { points, label });
  }
  for (const child of node.children ?? []) read(child, x, y, boxes, lines);
}

/** Returns a line through the points, with rounded corners. */
function pathThrough(points: readonly Point[]): string {
  const corners = points.filter(([x, y], index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (before === undefined || after === undefined) return true;
    const isOnLine = (axis: 0 | 1, at: number) => same(before[axis], at) && same(at, after[axis]);
    return !isOnLine(0, x) && !isOnLine(1, y) && !(same(before[0], x) && same(before[1], y));
  });
  return corners
    .map((corner, index) => {
      const [x, y] = corner.map(tenth);
      const [before, after] = [corners[index - 1], corners[index + 1]];
      if (before === undefined) return `M${x} ${y}`;
      if (after === undefined) return `L${x} ${y}`;
      return `L${towards(corner, before)}Q${x} ${y} ${towards(corner, after)}`;
    })
    .join('');
}

/** Returns the point where the rounding of a corner begins. */
function towards([x, y]: Point, [otherX, otherY]: Point): string {
  const length = Math.hypot(otherX - x, otherY - y);
  const share = length === 0 ? 0 : Math.min(BEND, length / 2) / length;
  return `${tenth(x + (otherX - x) * share)} ${tenth(y + (otherY - y) * share)}`;
}

function same(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.05;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
