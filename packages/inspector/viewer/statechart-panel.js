import { html, svg } from './elements.js';
import { stateName, topOf } from './labels.js';

/**
 * @typedef {import('./statechart.js').Plan} Plan
 * @typedef {import('./statechart.js').Plans} Plans
 * @typedef {import('../src/messages.js').Chart} Chart
 * @typedef {{ letter: string, state: string, name: string }} Peer another instance of the same session
 * @typedef {{ state: string, peers: Peer[], trail: readonly (readonly string[])[], looked: string | null }} View
 *   `trail`: the transitions of the last moments, the latest first; `looked`: the state with its details shown
 */

/** The chart is drawn from top to bottom if less than this width is available, in pixels. */
const NARROW = 640;

/** Below this width, one top-level state fills the picture, and the chart follows the session. */
const TINY = 520;

/** How many moments the trail includes. */
export const TRAIL = 5;

/** The duration of a transition's animation, in milliseconds. */
const FLIGHT = 550;

/** Draws the statechart with a session in it. */
export class StatechartPanel {
  #plans;
  #chart;
  #onLook;
  #canvas = html('div', { class: 'canvas' });
  #whole = html(
    'button',
    { type: 'button', class: 'quiet', 'aria-pressed': 'false', onclick: () => this.#toggle() },
    'Whole chart',
  );
  #tall = false;
  #tiny = false;
  /** @type {Drawing} */
  #drawing;
  /** @type {View} */
  #view = { state: 'restoring.unread', peers: [], trail: [], looked: null };

  /**
   * @param {Plans} plans
   * @param {Chart} chart
   * @param {(state: string) => void} onLook called when the user selects a state
   */
  constructor(plans, chart, onLook) {
    this.#plans = plans;
    this.#chart = chart;
    this.#onLook = onLook;
    this.#drawing = this.#draw();
    this.element = html(
      'section',
      { class: 'panel chart', 'aria-labelledby': 'chart-title' },
      html('div', { class: 'title' }, html('h2', { id: 'chart-title' }, 'Statechart'), this.#whole),
      this.#canvas,
    );
    this.#whole.hidden = true;
    new ResizeObserver(([entry]) => this.#fit(entry?.contentRect.width ?? 0)).observe(this.#canvas);
  }

  /** @param {View} view */
  show(view) {
    this.#view = view;
    this.#drawing.show(view);
    this.#focus();
  }

  /**
   * Animates the latest transitions.
   *
   * @param {readonly string[]} transitions
   */
  animate(transitions) {
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) this.#drawing.animate(transitions);
  }

  #draw() {
    const drawing = new Drawing(this.#tall ? this.#plans.tall : this.#plans.wide, this.#chart, this.#onLook);
    this.#canvas.replaceChildren(drawing.element);
    return drawing;
  }

  #toggle() {
    this.#whole.setAttribute('aria-pressed', String(this.#whole.getAttribute('aria-pressed') !== 'true'));
    this.#focus();
  }

  /** @param {number} width */
  #fit(width) {
    if (width === 0) return;
    this.#tiny = width < TINY;
    this.#whole.hidden = !this.#tiny;
    if (this.#tall !== width < NARROW) {
      this.#tall = !this.#tall;
      this.#drawing = this.#draw();
      this.#drawing.show(this.#view);
    }
    this.#focus();
  }

  #focus() {
    const whole = !this.#tiny || this.#whole.getAttribute('aria-pressed') === 'true';
    this.#drawing.focus(whole ? null : topOf(this.#view.state));
  }
}

class Drawing {
  #plan;
  #chart;
  /** @type {Map<string, SVGGElement>} */
  #states = new Map();
  /** @type {Map<string, SVGPathElement>} by the ids of transitions; several may share one */
  #lines = new Map();
  #flights = svg('g', { class: 'flights' });
  #peers = svg('g', { class: 'peers' });

  /**
   * @param {Plan} plan
   * @param {Chart} chart
   * @param {(state: string) => void} onLook
   */
  constructor(plan, chart, onLook) {
    this.#plan = plan;
    this.#chart = chart;
    const lines = plan.connections.map(({ path, transitions }) => {
      const said = transitions.map((id) => this.#describe(id)).join('\n');
      const line = svg('path', { d: path, class: 'line', 'marker-end': 'url(#head)' }, svg('title', {}, said));
      for (const id of transitions) this.#lines.set(id, line);
      return line;
    });
    const words = plan.connections.flatMap(({ label }) =>
      label === null ? [] : [svg('text', { class: 'word', x: label.x, y: label.y + 3.5 }, label.text)],
    );
    for (const { id, name, box, compound } of plan.states) {
      const description = chart.states.find((state) => state.id === id)?.description ?? null;
      const kind = compound ? 'room' : id === 'settling' ? 'choice' : 'state';
      const [x, y] = compound ? [box.x + 14, box.y + 23] : [box.x + box.width / 2, box.y + box.height / 2 + 4.5];
      const group = svg(
        'g',
        { class: kind, 'data-top': topOf(id), 'data-state': id, onclick: () => onLook(id) },
        svg('title', {}, description === null ? stateName(id) : `${stateName(id)}: ${description}`),
        svg('rect', { x: box.x, y: box.y, width: box.width, height: box.height, rx: kind === 'choice' ? 20 : 9 }),
        svg('circle', { class: 'lamp', cx: box.x + 8.5, cy: box.y + 8.5, r: 3 }),
        svg('text', { x, y }, name),
      );
      this.#states.set(id, group);
    }
    const groups = [...this.#states.values()];
    const isRoom = (/** @type {SVGGElement} */ group) => group.classList.contains('room');
    const head = svg('path', { class: 'head', d: 'M0.5 0.8L7.5 4L0.5 7.2Z' });
    const marker = { id: 'head', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8 };
    this.element = svg(
      'svg',
      { role: 'img', 'aria-label': '' },
      svg('defs', {}, svg('marker', { ...marker, markerUnits: 'userSpaceOnUse', orient: 'auto' }, head)),
      ...groups.filter(isRoom),
      svg('g', {}, ...lines),
      this.#flights,
      svg('g', {}, ...words),
      ...groups.filter((group) => !isRoom(group)),
      this.#peers,
    );
    this.focus(null);
  }

  /** @param {View} view */
  show({ state, peers, trail, looked }) {
    for (const [id, group] of this.#states) {
      group.classList.toggle('active', id === state || state.startsWith(`${id}.`));
      group.classList.toggle('looked', id === looked);
    }
    /** @type {Map<SVGPathElement | undefined, number>} */
    const ages = new Map();
    for (const [age, ids] of trail.entries()) {
      for (const line of ids.map((id) => this.#lines.get(id))) ages.set(line, ages.get(line) ?? age);
    }
    for (const line of new Set(this.#lines.values())) {
      const age = ages.get(line);
      if (age === undefined) line.removeAttribute('data-age');
      else line.setAttribute('data-age', String(age));
    }
    this.#peers.replaceChildren(...this.#badges(peers));
    const others = peers.map(({ letter, name, state: theirs }) => `${letter}, ${name}: ${stateName(theirs)}`);
    const label = [`Statechart. The session is ${stateName(state)}.`, ...others].join(' ');
    if (this.element.getAttribute('aria-label') !== label) this.element.setAttribute('aria-label', label);
  }

  /** @param {readonly string[]} transitions */
  animate(transitions) {
    for (const [place, id] of transitions.entries()) {
      const path = this.#lines.get(id)?.getAttribute('d') ?? this.#shortcut(id);
      if (path === undefined) {
        this.#states.get(this.#transition(id)?.source ?? '')?.animate({ opacity: [1, 0.4, 1] }, FLIGHT);
        continue;
      }
      const flight = svg('path', { class: 'flight', d: path, pathLength: 1 });
      this.#flights.append(flight);
      const timing = {
        duration: FLIGHT,
        delay: (place * FLIGHT) / 2,
        easing: 'ease-in-out',
        fill: /** @type {const} */ ('backwards'),
      };
      flight.animate({ strokeDashoffset: [0.3, -1] }, timing).finished.then(
        () => flight.remove(),
        () => flight.remove(),
      );
    }
    // Transitions of a burst are not drawn after it has ended.
    while (this.#flights.childElementCount > 6) this.#flights.firstElementChild?.remove();
  }

  /** @param {string | null} top the state that fills the picture; `null`: all of them do */
  focus(top) {
    const { width, height } = this.#plan;
    const box = top === null ? undefined : this.#box(top);
    const margin = 14;
    const least = 330;
    const sides = box && [Math.max(box.width + 2 * margin, least), Math.max(box.height + 2 * margin, 150)];
    const [w = width, h = height] = sides ?? [];
    const left = box === undefined ? 0 : box.x + box.width / 2 - w / 2;
    const upper = box === undefined ? 0 : box.y + box.height / 2 - h / 2;
    this.element.setAttribute('viewBox', `${left} ${upper} ${w} ${h}`);
  }

  /** @param {Peer[]} peers */
  #badges(peers) {
    /** @type {Map<string, number>} */
    const taken = new Map();
    return peers.flatMap(({ letter, state, name }) => {
      const box = this.#box(state);
      if (box === undefined) return [];
      const place = taken.get(state) ?? 0;
      taken.set(state, place + 1);
      const [x, y] = [box.x + box.width - 4 - place * 17, box.y - 1];
      return [
        svg(
          'g',
          { class: 'peer' },
          svg('title', {}, name),
          svg('circle', { cx: x, cy: y, r: 8 }),
          svg('text', { x, y: y + 3.5 }, letter),
        ),
      ];
    });
  }

  /**
   * Draws a line for a transition that the picture lacks; returns `undefined` if it leads to no other state.
   *
   * @param {string} id
   */
  #shortcut(id) {
    const { source, target } = this.#transition(id) ?? {};
    const [from, to] = [source, target].map((state) => this.#box(state ?? ''));
    if (from === undefined || to === undefined || from === to) return undefined;
    const [x, y] = [from.x + from.width / 2, from.y + from.height / 2];
    const [toX, toY] = [to.x + to.width / 2, to.y + to.height / 2];
    return `M${x} ${y}Q${(x + toX) / 2 + (toY - y) / 6} ${(y + toY) / 2 - (toX - x) / 6} ${toX} ${toY}`;
  }

  /** @param {string} id */
  #transition(id) {
    return this.#chart.transitions.find((transition) => transition.id === id);
  }

  /** @param {string} state */
  #box(state) {
    return this.#plan.states.find(({ id }) => id === state)?.box;
  }

  /** @param {string} id */
  #describe(id) {
    const { event = '', guard = null, effects = [] } = this.#transition(id) ?? {};
    const condition = guard === null ? '' : ` [${guard}]`;
    const done = effects.length === 0 ? '' : ` / ${effects.join(', ')}`;
    return `${event || 'at once'}${condition}${done}`;
  }
}
