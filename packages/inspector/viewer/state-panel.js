import { html } from './elements.js';
import { stateName } from './labels.js';

/** @typedef {import('../src/messages.js').Chart} Chart */

/** Describes a state: the session's current one, or another that the user selected. */
export class StatePanel {
  #chart;
  #choice;
  #body = html('div', { class: 'about-state' });
  #shown = '';

  /**
   * @param {Chart} chart
   * @param {() => void} onChoice
   */
  constructor(chart, onChoice) {
    this.#chart = chart;
    this.#choice = html(
      'select',
      { 'aria-label': 'State', onchange: onChoice },
      html('option', { value: '' }, 'current state'),
      ...chart.states.filter(({ id }) => id !== '').map(({ id }) => html('option', { value: id }, stateName(id))),
    );
    this.element = html(
      'section',
      { class: 'panel', 'aria-labelledby': 'state-title' },
      html('div', { class: 'title' }, html('h2', { id: 'state-title' }, 'State'), this.#choice),
      this.#body,
    );
  }

  /** Returns the selected state; `null` for the session's own. */
  get choice() {
    return this.#choice.value === '' ? null : this.#choice.value;
  }

  /** @param {string} state */
  choose(state) {
    this.#choice.value = this.#choice.value === state ? '' : state;
  }

  /** @param {string} current the session's state */
  show(current) {
    const id = this.choice ?? current;
    if (id === this.#shown) return;
    this.#shown = id;
    const family = this.#chart.states.filter(
      (state) => state.id !== '' && (state.id === id || id.startsWith(`${state.id}.`)),
    );
    this.#body.replaceChildren(...family.reverse().flatMap((state) => this.#describe(state)));
  }

  /** @param {Chart['states'][number]} state */
  #describe({ id, description, entry, exit }) {
    const transitions = this.#chart.transitions.filter(({ source }) => source === id);
    const facts = [
      description,
      entry.length > 0 ? `On entry: ${entry.join(', ')}.` : null,
      exit.length > 0 ? `On exit: ${exit.join(', ')}.` : null,
    ].filter((fact) => fact !== null);
    const rows = transitions.map(({ event, guard, target, effects }) =>
      html(
        'tr',
        {},
        html('td', {}, html('code', {}, event || 'at once'), guard === null ? null : html('small', {}, `if ${guard}`)),
        html('td', {}, target === null ? 'stays' : stateName(target)),
        html('td', {}, effects.join(', ')),
      ),
    );
    const head = html('tr', {}, ...['event', 'to', 'effects'].map((name) => html('th', { scope: 'col' }, name)));
    return [
      html('h3', {}, stateName(id)),
      ...(facts.length === 0 ? [] : [html('p', {}, facts.join(' '))]),
      ...(rows.length === 0 ? [] : [html('table', {}, html('thead', {}, head), html('tbody', {}, ...rows))]),
    ];
  }
}
