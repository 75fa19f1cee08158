import { html, setText } from './elements.js';
import { colourOf, currentState, duration, failureName } from './labels.js';

/** @typedef {import('../src/messages.js').SessionFacts} SessionFacts */

/**
 * Shows the state of the selected session: the lifetime of its token as a bar, its attempts and failures, its record.
 */
export class LifePanel {
  #state = html('p', { class: 'now-state' });
  #passed = html('div', { class: 'passed' });
  #window = html('div', { class: 'window' });
  #now = html('div', { class: 'now' });
  #bar = html('div', { class: 'life', role: 'img' }, this.#passed, this.#window, this.#now);
  #said = html('p', { class: 'said' });
  #facts = html('dl', { class: 'facts' });
  #trouble = html('p', { class: 'trouble', role: 'status' });

  constructor() {
    this.element = html(
      'section',
      { class: 'panel stand', 'aria-labelledby': 'life-title' },
      html('div', { class: 'title' }, html('h2', { id: 'life-title' }, 'Token'), this.#state),
      this.#bar,
      this.#said,
      this.#trouble,
      this.#facts,
    );
  }

  /**
   * @param {SessionFacts} facts
   * @param {number} now on the storage's clock
   */
  show(facts, now) {
    const { issuedAt, expiresAt, refreshAt } = facts;
    setText(this.#state, currentState(facts, now));
    this.#state.dataset['top'] = colourOf(facts, now);
    this.#bar.classList.toggle('none', issuedAt === null);
    this.#bar.classList.toggle('over', expiresAt !== null && expiresAt <= now);
    if (issuedAt !== null) {
      const end = expiresAt ?? Math.max(now, issuedAt + 1);
      const place = (/** @type {number} */ time) =>
        `${Math.min(100, Math.max(0, ((time - issuedAt) / (end - issuedAt)) * 100))}%`;
      this.#passed.style.width = place(now);
      this.#now.style.left = place(now);
      this.#window.hidden = refreshAt === null || refreshAt.notBefore > end;
      if (refreshAt !== null) {
        this.#window.style.left = place(refreshAt.notBefore);
        this.#window.style.right = `calc(100% - ${place(refreshAt.notAfter)})`;
      }
    }
    const words = lifeOf(facts, now);
    setText(this.#said, words);
    this.#bar.setAttribute('aria-label', words);
    setText(this.#trouble, troubleOf(facts, now));
    this.#trouble.hidden = this.#trouble.textContent === '';
    this.#showFacts(facts);
  }

  /** @param {SessionFacts} facts */
  #showFacts({ attempt, storage: { version, newest, unwritten, lease } }) {
    const rows = [
      ['failed attempts', String(attempt)],
      [
        'record',
        `version ${version}${newest > version ? `, was ${newest}` : ''}${unwritten === null ? '' : ', newer tokens not written'}`,
      ],
      ['lease', { none: 'not held', own: 'held by this instance', other: 'held by another instance' }[lease]],
    ];
    const text = rows.flat().join('\n');
    if (this.#facts.dataset['text'] === text) return;
    this.#facts.dataset['text'] = text;
    this.#facts.replaceChildren(
      ...rows.map(([name = '', value = '']) => html('div', {}, html('dt', {}, name), html('dd', {}, value))),
    );
  }
}

/**
 * @param {SessionFacts} facts
 * @param {number} now
 */
function lifeOf({ issuedAt, expiresAt, refreshAt }, now) {
  if (issuedAt === null) return 'There is no token.';
  if (expiresAt === null) return 'The server did not say when the token expires.';
  const left = expiresAt > now ? `Expires in ${duration(expiresAt - now)}` : `Expired ${duration(now - expiresAt)} ago`;
  if (refreshAt === null || expiresAt <= now) return `${left}.`;
  const { notBefore, notAfter } = refreshAt;
  if (notAfter <= now) return `${left}; its renewal is due.`;
  if (notBefore <= now) return `${left}; is renewed within ${duration(notAfter - now)}.`;
  const [from, to] = [duration(notBefore - now), duration(notAfter - now)];
  return `${left}; is renewed in ${from === to ? from : `${from} to ${to}`}.`;
}

/**
 * @param {SessionFacts} facts
 * @param {number} now
 */
function troubleOf({ attempt, failure, ending, retryAt }, now) {
  const parts = [];
  if (ending !== null)
    parts.push(
      `Ended: ${ending.cause ?? 'for an unknown reason'}${ending.failure ? ` (${failureName(ending.failure)})` : ''}.`,
    );
  if (failure !== null)
    parts.push(
      `${attempt > 0 ? `Failed ${attempt === 1 ? 'once' : `${attempt} times in a row`}` : 'Failed'}: ${failureName(failure)}.`,
    );
  if (retryAt !== null) {
    const { notBefore, notAfter } = retryAt;
    parts.push(
      notAfter <= now
        ? 'The next attempt is due.'
        : `Next attempt ${notBefore > now ? `in ${duration(notBefore - now)} to` : 'within'} ${duration(notAfter - now)}.`,
    );
  }
  return parts.join(' ');
}
