import { html, setText } from './elements.js';
import { clock, effectWords, failureName, pathName, stateName, topOf } from './labels.js';

/** @typedef {import('./session-log.js').Moment} Moment */

/** How many rows beyond the visible ones are drawn, so that scrolling shows no gaps. */
const SPARE = 6;

/** Lists the moments, the latest last. Only the visible rows are drawn, however many there are. */
export class TimelinePanel {
  #rows = html('div', { class: 'rows' });
  #scroll = html(
    'div',
    { class: 'scroll', role: 'listbox', 'aria-labelledby': 'timeline-title', tabindex: 0 },
    this.#rows,
  );
  #all = html('input', { type: 'checkbox', id: 'all-instances' });
  #empty = html('p', { class: 'empty' }, 'Nothing has happened yet.');
  /** @type {Moment[]} */
  #moments = [];
  #current = -1;
  #follows = true;
  #height = 0;
  #onSelect;

  /**
   * @param {(moment: Moment) => void} onSelect
   * @param {() => void} onScope
   */
  constructor(onSelect, onScope) {
    this.#onSelect = onSelect;
    this.#all.addEventListener('change', onScope);
    this.#scroll.addEventListener('scroll', () => this.#draw(), { passive: true });
    new ResizeObserver(() => {
      this.#height = 0;
      this.#draw();
    }).observe(this.#scroll);
    const all = html('label', { class: 'check', for: 'all-instances' }, this.#all, 'all instances');
    this.element = html(
      'section',
      { class: 'panel timeline', 'aria-labelledby': 'timeline-title' },
      html('div', { class: 'title' }, html('h2', { id: 'timeline-title' }, 'Timeline'), all),
      this.#empty,
      this.#scroll,
    );
  }

  /** Whether all instances of the session are shown, or only the selected one. */
  get wantsAll() {
    return this.#all.checked;
  }

  /**
   * @param {Moment[]} moments by their order
   * @param {number} current the index of the moment that is shown
   * @param {boolean} live whether that is the latest one
   */
  show(moments, current, live) {
    const moved = current !== this.#current || moments !== this.#moments;
    const returns = live && !this.#follows;
    const { scrollTop, clientHeight, scrollHeight } = this.#scroll;
    // A user who scrolled up to read keeps the position.
    const sticks = live && (returns || scrollTop + clientHeight > scrollHeight - this.#rowHeight());
    this.#moments = moments;
    this.#current = current;
    this.#follows = live;
    this.#empty.hidden = moments.length > 0;
    this.#scroll.hidden = moments.length === 0;
    if (moments.length === 0) return;
    const height = this.#rowHeight();
    this.#rows.style.height = `${moments.length * height}px`;
    if (moved || returns) {
      const top = Math.max(0, current) * height;
      if (sticks) this.#scroll.scrollTop = moments.length * height;
      else if (!live && (top < scrollTop || top + height > scrollTop + clientHeight))
        this.#scroll.scrollTop = top - clientHeight / 2;
    }
    this.#draw();
  }

  #rowHeight() {
    if (this.#height === 0) {
      const declared = Number.parseFloat(getComputedStyle(this.#scroll).getPropertyValue('--row'));
      this.#height = Number.isFinite(declared) ? declared : 48;
    }
    return this.#height;
  }

  #draw() {
    const height = this.#rowHeight();
    const { scrollTop, clientHeight } = this.#scroll;
    const first = Math.max(0, Math.floor(scrollTop / height) - SPARE);
    const last = Math.min(this.#moments.length, Math.ceil((scrollTop + clientHeight) / height) + SPARE);
    /** @type {Map<string, HTMLElement>} */
    const drawn = new Map();
    for (const row of /** @type {HTMLCollectionOf<HTMLElement>} */ (this.#rows.children)) drawn.set(row.id, row);
    const wanted = this.#moments.slice(first, last).map((moment, index) => {
      const id = `moment-${moment.order}`;
      const row = drawn.get(id) ?? this.#row(moment, id);
      const place = first + index;
      row.style.transform = `translateY(${place * height}px)`;
      row.setAttribute('aria-selected', String(place === this.#current));
      row.setAttribute('aria-posinset', String(place + 1));
      row.setAttribute('aria-setsize', String(this.#moments.length));
      drawn.delete(id);
      return row;
    });
    for (const row of drawn.values()) row.remove();
    for (const [index, row] of wanted.entries()) {
      if (this.#rows.children[index] !== row) this.#rows.insertBefore(row, this.#rows.children[index] ?? null);
    }
    const current = this.#moments[this.#current];
    if (current !== undefined && current.order > 0)
      this.#scroll.setAttribute('aria-activedescendant', `moment-${current.order}`);
  }

  /**
   * @param {Moment} moment
   * @param {string} id
   */
  #row(moment, id) {
    const { time, event, from, facts, effects, session } = moment;
    const failure = event.failure ?? null;
    const path = from === null ? stateName(facts.state) : pathName(from, facts.state);
    const done = effects.map(effectWords).join(', ');
    return html(
      'div',
      {
        role: 'option',
        id,
        class: failure === null ? 'row' : 'row failed',
        'data-top': topOf(facts.state),
        onclick: () => this.#onSelect(moment),
      },
      html('time', { datetime: new Date(time).toISOString() }, clock(time)),
      html('span', { class: 'event' }, event.type),
      html('span', { class: 'path' }, path),
      html('span', { class: 'by' }, session.instance),
      facts.attempt === 0 ? null : html('span', { class: 'attempt' }, `attempt ${facts.attempt}`),
      html(
        'span',
        { class: 'outcome' },
        failure === null ? null : html('span', { class: 'failure' }, failureName(failure)),
        html('span', { class: 'effects', title: done }, done),
      ),
    );
  }
}

/** Shows all details of the current moment. */
export class MomentPanel {
  #title = html('h2', { id: 'moment-title' }, 'This moment');
  #body = html('div', { class: 'moment' });
  /** @type {Moment | undefined} */
  #shown;

  constructor() {
    this.element = html(
      'section',
      { class: 'panel', 'aria-labelledby': 'moment-title' },
      html('div', { class: 'title' }, this.#title),
      this.#body,
    );
  }

  /** @param {Moment | undefined} moment */
  show(moment) {
    if (moment === this.#shown) return;
    this.#shown = moment;
    setText(this.#title, moment === undefined ? 'This moment' : moment.event.type);
    if (moment === undefined) {
      this.#body.replaceChildren(html('p', { class: 'empty' }, 'No earlier events of this session are kept.'));
      return;
    }
    const { type: _, ...details } = moment.event;
    this.#body.replaceChildren(
      part('Fields', Object.keys(details).length === 0 ? null : html('code', { class: 'fields' }, fields(details))),
      part(
        'Transitions',
        moment.transitions.length === 0
          ? null
          : html('ul', {}, ...moment.transitions.map((id) => html('li', {}, html('code', {}, id)))),
      ),
      part(
        'Effects',
        moment.effects.length === 0
          ? null
          : html(
              'ol',
              {},
              ...moment.effects.map(({ type, params }) =>
                html(
                  'li',
                  {},
                  html('code', {}, type),
                  params === undefined ? null : html('code', { class: 'fields' }, fields(params)),
                ),
              ),
            ),
      ),
    );
  }
}

/**
 * @param {string} name
 * @param {Node | null} content
 */
function part(name, content) {
  return html('div', { class: 'part' }, html('h3', {}, name), content ?? html('p', { class: 'none' }, 'nothing'));
}

/**
 * Formats fields, one per line, nested ones by their full names.
 *
 * @param {object} value
 * @param {string} [prefix]
 * @returns {string}
 */
function fields(value, prefix = '') {
  return Object.entries(value)
    .map(([name, field]) => {
      if (typeof field === 'object' && field !== null) return fields(field, `${prefix}${name}.`);
      const isTime = typeof field === 'number' && field > 1e12 && field < 1e14;
      return `${prefix}${name}: ${isTime ? clock(field) : String(field)}`;
    })
    .join('\n');
}
