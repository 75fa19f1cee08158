import { html, setText } from './elements.js';
import { clock } from './labels.js';

/** @typedef {import('./session-log.js').Moment} Moment */

/** The controls to pause, to step back and forth, and to return to the present. */
export class HistoryBar {
  #pause = html('button', { type: 'button', class: 'pause', 'aria-keyshortcuts': 'Space' }, 'Pause');
  #back = html('button', { type: 'button', 'aria-label': 'Step back', 'aria-keyshortcuts': 'ArrowLeft' }, '◀');
  #forth = html('button', { type: 'button', 'aria-label': 'Step forward', 'aria-keyshortcuts': 'ArrowRight' }, '▶');
  #slider = html('input', { type: 'range', min: 0, max: 0, value: 0, 'aria-label': 'Moment' });
  #said = html('output', { class: 'said' });

  /** @param {{ onPause(): void, onStep(by: number): void, onPlace(place: number): void }} listeners */
  constructor({ onPause, onStep, onPlace }) {
    this.#pause.addEventListener('click', onPause);
    this.#back.addEventListener('click', () => onStep(-1));
    this.#forth.addEventListener('click', () => onStep(1));
    this.#slider.addEventListener('input', () => onPlace(this.#slider.valueAsNumber));
    this.element = html(
      'section',
      { class: 'panel history', 'aria-label': 'History' },
      this.#pause,
      this.#back,
      this.#forth,
      this.#slider,
      this.#said,
    );
  }

  /**
   * @param {Moment[]} moments
   * @param {number} place
   * @param {boolean} live
   */
  show(moments, place, live) {
    setText(this.#pause, live ? 'Pause' : 'Live');
    this.#pause.classList.toggle('paused', !live);
    this.#back.disabled = place <= 0;
    this.#forth.disabled = live || place >= moments.length - 1;
    this.#slider.max = String(Math.max(0, moments.length - 1));
    this.#slider.value = String(Math.max(0, place));
    this.#slider.disabled = moments.length < 2;
    const moment = moments[place];
    const words =
      moment === undefined ? 'before its first event' : `${place + 1} of ${moments.length}, ${clock(moment.time)}`;
    setText(this.#said, live ? (moment === undefined ? 'live' : `live, ${moments.length} moments`) : words);
    this.#slider.setAttribute('aria-valuetext', words);
  }
}
