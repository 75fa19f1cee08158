import { html, setText } from './elements.js';
import { colourOf, currentState, expiry, topOf } from './labels.js';
import { placeOf } from './session-log.js';

/**
 * @typedef {import('./session-log.js').Session} Session
 * @typedef {import('./session-log.js').Moment} Moment
 * @typedef {{ session: Session, moment: Moment | undefined, now: number, letter: string }} Row
 *   `now`: on the storage's clock; `letter`: stands for the instance
 *
 * @typedef {Record<'option' | 'badge' | 'state' | 'time' | 'trouble' | 'ribbon', HTMLElement>} Option
 */

/** The period that a session's ribbon covers, in milliseconds. */
const RIBBON = 120_000;

/** Lists the sessions, grouped by label: the instances of a fleet that share a session. */
export class SessionList {
  #list = html('div', { class: 'sessions', role: 'listbox', 'aria-labelledby': 'sessions-title', tabindex: 0 });
  #count = html('span', { class: 'count' });
  #empty = html('p', { class: 'empty' }, 'No session yet. A session starts when its token is first requested.');
  /** @type {Map<string, Option>} */
  #options = new Map();
  /** @type {Map<string, HTMLElement>} */
  #groups = new Map();
  #onSelect;

  /** @param {(id: string) => void} onSelect */
  constructor(onSelect) {
    this.#onSelect = onSelect;
    this.element = html(
      'section',
      { class: 'panel list', 'aria-labelledby': 'sessions-title' },
      html('div', { class: 'title' }, html('h2', { id: 'sessions-title' }, 'Sessions'), this.#count),
      this.#empty,
      this.#list,
    );
  }

  /**
   * @param {Row[]} rows
   * @param {string | null} selected
   */
  show(rows, selected) {
    const known = new Set(rows.map(({ session }) => session.id));
    for (const [id, { option }] of this.#options) {
      if (known.has(id)) continue;
      option.remove();
      this.#options.delete(id);
    }
    for (const row of rows) this.#showRow(row, row.session.id === selected);
    for (const [label, group] of this.#groups) {
      if (group.querySelector('[role=option]') !== null) continue;
      group.remove();
      this.#groups.delete(label);
    }
    const instances = new Set(rows.map(({ session }) => session.instance)).size;
    setText(
      this.#count,
      rows.length === 0 ? '' : `${rows.length} on ${instances} ${instances === 1 ? 'instance' : 'instances'}`,
    );
    this.#empty.hidden = rows.length > 0;
    this.#list.hidden = rows.length === 0;
    const active = selected === null ? undefined : this.#options.get(selected)?.option;
    if (active === undefined) this.#list.removeAttribute('aria-activedescendant');
    else this.#list.setAttribute('aria-activedescendant', active.id);
  }

  /** @param {string} id */
  reveal(id) {
    this.#options.get(id)?.option.scrollIntoView({ block: 'nearest' });
  }

  /**
   * @param {Row} row
   * @param {boolean} selected
   */
  #showRow({ session, moment, now, letter }, selected) {
    const row = this.#options.get(session.id) ?? this.#build(session);
    this.#options.set(session.id, row);
    const { option, badge, state, time, trouble, ribbon } = row;
    option.setAttribute('aria-selected', String(selected));
    option.dataset['top'] = moment === undefined ? '' : colourOf(moment.facts, now);
    option.classList.toggle('stopped', session.stopped);
    setText(badge, letter);
    const { facts } = moment ?? {};
    setText(
      state,
      facts === undefined ? 'not yet' : `${currentState(facts, now)}${session.stopped ? ' (closed)' : ''}`,
    );
    setText(time, facts === undefined ? '' : expiry(facts.expiresAt, now));
    setText(trouble, facts === undefined || facts.attempt === 0 ? '' : `${facts.attempt} failed`);
    if (moment !== undefined) ribbon.style.background = ribbonOf(session, moment, now);
  }

  /**
   * @param {Session} session
   * @returns {Option}
   */
  #build({ id, label, instance }) {
    const badge = html('span', { class: 'badge' });
    const state = html('span', { class: 'state-name' });
    const time = html('span', { class: 'time' });
    const trouble = html('span', { class: 'trouble' });
    const ribbon = html('span', { class: 'ribbon', 'aria-hidden': 'true' });
    const option = html(
      'div',
      {
        role: 'option',
        id: `session-${this.#options.size}-${id.replaceAll(/\W/g, '-')}`,
        onclick: () => this.#onSelect(id),
      },
      badge,
      html('span', { class: 'instance' }, instance),
      time,
      state,
      trouble,
      ribbon,
    );
    this.#group(label).append(option);
    return { option, badge, state, time, trouble, ribbon };
  }

  /** @param {string} label */
  #group(label) {
    const known = this.#groups.get(label);
    if (known !== undefined) return known;
    const group = html(
      'div',
      { role: 'group', 'aria-label': label },
      html('div', { class: 'label', 'aria-hidden': 'true' }, label),
    );
    this.#groups.set(label, group);
    this.#list.append(group);
    return group;
  }
}

/**
 * Returns the states of the last minutes from left to right, as the background of an element.
 *
 * @param {Session} session
 * @param {Moment} until
 * @param {number} now
 */
function ribbonOf({ moments }, until, now) {
  const end = until.time + now - (until.facts.now ?? until.time);
  const stops = [];
  let right = 100;
  for (let place = placeOf(moments, until.order); place >= 0 && right > 0; place -= 1) {
    const { facts, time } = /** @type {Moment} */ (moments[place]);
    const placeAt = (/** @type {number} */ moment) => Math.max(0, 100 - ((end - moment) / RIBBON) * 100);
    const left = placeAt(time);
    const expiresAt =
      facts.expiresAt === null ? Number.POSITIVE_INFINITY : time + facts.expiresAt - (facts.now ?? time);
    const expired = topOf(facts.state) === 'valid' ? Math.min(right, Math.max(left, placeAt(expiresAt))) : right;
    for (const [from, to, top] of /** @type {const} */ ([
      [expired, right, 'stale'],
      [left, expired, topOf(facts.state)],
    ])) {
      if (from < to) stops.unshift(`var(--${top}) ${from.toFixed(1)}%, var(--${top}) ${to.toFixed(1)}%`);
    }
    right = Math.min(right, left);
  }
  return `linear-gradient(to right, transparent ${Math.max(0, right).toFixed(1)}%${stops.length > 0 ? `, ${stops.join(', ')}` : ', transparent'})`;
}
