import { html, setText } from './elements.js';
import { HistoryBar } from './history-bar.js';
import { stateName } from './labels.js';
import { LifePanel } from './life-panel.js';
import { SessionList } from './session-list.js';
import { placeOf, SessionLog } from './session-log.js';
import { StatePanel } from './state-panel.js';
import { StatechartPanel, TRAIL } from './statechart-panel.js';
import { MomentPanel, TimelinePanel } from './timeline-panel.js';

/**
 * @typedef {import('../src/messages.js').Stream} Stream
 * @typedef {import('./session-log.js').Session} Session
 * @typedef {import('./session-log.js').Moment} Moment
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'ended'} Connection
 *
 * @typedef {{
 *   hello(hello: Stream['hello']): void,
 *   messages(messages: Stream['messages']): void,
 *   summary(summary: Stream['summary']): void,
 *   notice(notice: Stream['notice']): void,
 *   connection(connection: Connection): void,
 *   close(): void,
 * }} Viewer what is received to a viewer: the events of the stream, and how the stream itself fares
 */

const CONNECTIONS = {
  connecting: 'connecting …',
  live: 'connected',
  reconnecting: 'connection lost, reconnecting …',
  ended: 'disconnected: the process has ended, or this link is no longer valid',
};

const THEMES = ['auto', 'light', 'dark'];

/** How often time-dependent values are updated, in milliseconds. */
const TICK = 500;

/**
 * Shows sessions in an element, replacing its content. It makes no network requests: its creator passes it all data.
 *
 * @param {HTMLElement} root
 * @param {{ plans: import('./statechart.js').Plans, chart: import('../src/messages.js').Chart }} pictures `plans`:
 *   `statechart.json`; `chart`: the package's `sessionChart`, or `/machine.json`
 * @returns {Viewer}
 */
export function createViewer(root, { plans, chart }) {
  const log = new SessionLog();
  /**
   * @type {string | null} the selected session
   */
  let selected = null;
  let chosen = false; // By the user; until then the most recently active session is selected.
  /**
   * @type {number | null} the moment that is shown; `null`: the present
   */
  let cursor = null;
  let skew = 0; // The difference between this browser's clock and the server's.
  let lost = 0;
  let drawing = 0;
  let scope = { key: '', latest: -1, moments: /** @type {Moment[]} */ ([]) };

  const list = new SessionList((id) => select(id));
  const statechart = new StatechartPanel(plans, chart, (state) => {
    states.choose(state);
    draw();
  });
  const life = new LifePanel();
  const history = new HistoryBar({ onPause: pause, onStep: step, onPlace: place });
  const timeline = new TimelinePanel((moment) => {
    selected = moment.session.id;
    chosen = true;
    show(moment);
  }, draw);
  const moments = new MomentPanel();
  const states = new StatePanel(chart, draw);
  const connection = html(
    'span',
    { class: 'connection', role: 'status', 'data-is': 'connecting' },
    CONNECTIONS.connecting,
  );
  const missing = html('span', { class: 'missing', role: 'status' });
  const news = html('p', { class: 'unseen', 'aria-live': 'polite' });
  const help = helpDialog();
  const theme = html('button', { type: 'button', class: 'quiet', onclick: nextTheme }, 'Theme: auto');
  const helpButton = html(
    'button',
    { type: 'button', class: 'quiet', onclick: () => help.showModal(), 'aria-keyshortcuts': '?' },
    'Keys',
  );

  root.classList.add('inspector');
  root.replaceChildren(
    html(
      'header',
      {},
      html('h1', {}, 'frameio-auth ', html('span', {}, 'inspector')),
      connection,
      missing,
      html('span', { class: 'buttons' }, theme, helpButton),
    ),
    html(
      'main',
      {},
      list.element,
      html('div', { class: 'middle' }, life.element, history.element, statechart.element),
      html('div', { class: 'side' }, timeline.element, moments.element, states.element),
    ),
    news,
    help,
  );
  setTheme(rememberedTheme());
  const ticking = setInterval(draw, TICK);
  root.ownerDocument.addEventListener('keydown', onKey);
  draw();

  return {
    hello({ time, keeps }) {
      skew = Date.now() - time;
      log.clear(keeps);
      cursor = null;
      scope = { key: '', latest: -1, moments: [] };
      lost = 0;
      post('live');
      draw();
    },
    messages(messages) {
      happened(log.add(messages));
    },
    summary({ missed, messages }) {
      lost += missed;
      happened(log.add(messages, { gap: true }));
    },
    notice({ dropped }) {
      lost += dropped;
      draw();
    },
    connection: post,
    close() {
      clearInterval(ticking);
      cancelAnimationFrame(drawing);
      root.ownerDocument.removeEventListener('keydown', onKey);
      root.replaceChildren();
    },
  };

  /** @param {Moment[]} news */
  function happened(news) {
    if (!chosen && (log.session(selected)?.moments.length ?? 0) < 2) {
      selected = (news.find(({ transitions }) => transitions.length > 0) ?? news[0])?.session.id ?? selected;
    }
    const [latest] = news
      .filter(({ session, transitions }) => session.id === selected && transitions.length > 0)
      .slice(-1);
    // Past events, such as the initial history, are not animated.
    if (latest !== undefined && cursor === null && Date.now() - skew - latest.time < 5_000) {
      statechart.animate(latest.transitions);
    }
    draw();
  }

  /** @param {Connection} state */
  function post(state) {
    connection.dataset['is'] = state;
    setText(connection, CONNECTIONS[state]);
  }

  /** Draws at most once per frame. */
  function draw() {
    if (drawing === 0) drawing = requestAnimationFrame(drawNow);
  }

  function drawNow() {
    drawing = 0;
    const live = cursor === null;
    const order = cursor ?? log.latest;
    const letters = lettersOf(log.sessions);
    const rows = log.sessions.map((session) => {
      const moment = log.momentAt(session, order);
      return { session, moment, now: nowOf(moment), letter: letters.get(session.instance) ?? '' };
    });
    if (log.session(selected) === undefined) selected = rows[0]?.session.id ?? null;
    list.show(rows, selected);
    setText(missing, lost === 0 ? '' : `${lost} messages were left out`);
    const session = log.session(selected);
    root.classList.toggle('waiting', session === undefined);
    root.classList.toggle('paused', !live);
    if (session === undefined) return;

    const at = placeOf(session.moments, order);
    const moment = session.moments[at];
    const state = moment?.facts.state ?? 'restoring.unread';
    history.show(session.moments, at, live);
    if (moment !== undefined) life.show(moment.facts, nowOf(moment));
    statechart.show({
      state,
      peers: rows
        .filter((row) => row.session !== session && row.session.label === session.label && row.moment !== undefined)
        .map((row) => ({ letter: row.letter, state: row.moment?.facts.state ?? '', name: row.session.instance })),
      trail: session.moments
        .slice(0, at + 1)
        .filter(({ transitions }) => transitions.length > 0)
        .slice(-TRAIL)
        .reverse()
        .map(({ transitions }) => transitions),
      looked: states.choice,
    });
    const shown = timeline.wantsAll ? momentsOfAll(session) : session.moments;
    timeline.element.classList.toggle('fleet', timeline.wantsAll);
    timeline.show(shown, placeOf(shown, order), live);
    moments.show(moment);
    states.show(state);
    setText(news, `${session.label} on ${session.instance}: ${stateName(state)}`);
  }

  /** @param {Session} session */
  function momentsOfAll({ label }) {
    if (scope.key !== label || scope.latest !== log.latest) {
      const all = log.sessions.filter((each) => each.label === label).flatMap((each) => each.moments);
      scope = { key: label, latest: log.latest, moments: all.sort((a, b) => a.order - b.order) };
    }
    return scope.moments;
  }

  /**
   * Returns the storage's time, which stands still while history is shown.
   *
   * @param {Moment | undefined} moment
   */
  function nowOf(moment) {
    if (moment === undefined) return 0;
    const then = moment.facts.now ?? moment.time;
    return cursor === null ? Date.now() - skew + (then - moment.time) : then;
  }

  /** @param {string} id */
  function select(id) {
    selected = id;
    chosen = true;
    list.reveal(id);
    draw();
  }

  function pause() {
    cursor = cursor === null ? log.latest : null;
    draw();
  }

  /** @param {Moment | undefined} moment */
  function show(moment) {
    if (moment === undefined) return;
    cursor = moment.order;
    draw();
  }

  /** @param {number} by */
  function step(by) {
    const session = log.session(selected);
    if (session === undefined) return;
    const at = placeOf(session.moments, cursor ?? log.latest);
    // Stepping back pauses the view, and leaves the latest moment at the first step.
    const next = session.moments[Math.min(session.moments.length - 1, Math.max(0, at + by))];
    show(next);
    if (by > 0 && next !== undefined) statechart.animate(next.transitions);
  }

  /** @param {number} at */
  function place(at) {
    show(log.session(selected)?.moments[at]);
  }

  /** @param {number} by */
  function neighbour(by) {
    const options = [...root.querySelectorAll('.sessions [role=option]')];
    const at = options.findIndex((option) => option.getAttribute('aria-selected') === 'true');
    /** @type {HTMLElement | undefined} */ (options[Math.min(options.length - 1, Math.max(0, at + by))])?.click();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const { key, target, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey || help.open || !(target instanceof Element)) return;
    // Elements that use a key keep it.
    if (target.matches('input:not([type=checkbox]), select, textarea')) return;
    if (key === ' ' && target.matches('button, input, summary')) return;
    const inTimeline = timeline.element.contains(target);
    /** @type {Record<string, () => void>} */
    const actions = {
      ' ': pause,
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1),
      ArrowUp: () => (inTimeline ? step(-1) : neighbour(-1)),
      ArrowDown: () => (inTimeline ? step(1) : neighbour(1)),
      '?': () => help.showModal(),
    };
    const action = actions[key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  function nextTheme() {
    const at = THEMES.indexOf(root.dataset['theme'] ?? 'auto');
    setTheme(THEMES[(at + 1) % THEMES.length] ?? 'auto');
  }

  /** @param {string} name */
  function setTheme(name) {
    root.dataset['theme'] = name;
    setText(theme, `Theme: ${name}`);
    try {
      localStorage.setItem('frameio-auth-inspector-theme', name);
    } catch {
      // Without storage, the choice lasts as long as the page.
    }
  }
}

/**
 * Assigns a letter to each instance, the same in all of its sessions.
 *
 * @param {Session[]} sessions
 */
function lettersOf(sessions) {
  const instances = [...new Set(sessions.map(({ instance }) => instance))].sort();
  return new Map(instances.map((instance, place) => [instance, String.fromCharCode(65 + (place % 26))]));
}

function rememberedTheme() {
  try {
    const name = localStorage.getItem('frameio-auth-inspector-theme') ?? 'auto';
    return THEMES.includes(name) ? name : 'auto';
  } catch {
    return 'auto';
  }
}

function helpDialog() {
  const keys = [
    ['Space', 'pause, or return to live'],
    ['←  →', 'one event back or forward'],
    ['↑  ↓', 'the session above or below; in the timeline, the event'],
    ['?', 'show these keys'],
    ['Esc', 'close this list'],
  ];
  return html(
    'dialog',
    { 'aria-labelledby': 'help-title' },
    html('h2', { id: 'help-title' }, 'Keys'),
    html(
      'dl',
      {},
      ...keys.flatMap(([key = '', use = '']) => [html('dt', {}, html('kbd', {}, key)), html('dd', {}, use)]),
    ),
    html(
      'p',
      {},
      'In the chart, the current state is lit, letters are other instances of the same session, and thick lines show the path to it. Select a state to read about it.',
    ),
    html('form', { method: 'dialog' }, html('button', {}, 'Close')),
  );
}
