/**
 * @typedef {import('../src/messages.js').InspectorMessage} InspectorMessage
 * @typedef {import('../src/messages.js').SessionFacts} SessionFacts
 * @typedef {import('../src/messages.js').SnapshotMessage} SnapshotMessage
 *
 * @typedef {{
 *   order: number,
 *   session: Session,
 *   time: number,
 *   event: SnapshotMessage['event'],
 *   from: string | null,
 *   facts: SessionFacts,
 *   effects: SnapshotMessage['frameio']['effects'],
 *   transitions: readonly string[],
 * }} Moment one thing that happened to a session, and what came of it. `order`: its place among all of them, as they came;
 *   `from`: the state before, `null` where that is not known
 *
 * @typedef {{ id: string, instance: string, label: string, sequence: number, time: number, stopped: boolean, moments: Moment[] }} Session
 */

/** What is kept when the server has not said how much it keeps. */
const KEPT = { messages: 500, sessions: 200 };

/** What the viewer knows of the sessions: of each, what happened last, up to a bound. */
export class SessionLog {
  /** @type {Map<string, Session>} */
  #sessions = new Map();
  #order = 0;
  #kept = KEPT;

  /** All of them, in the order in which they appeared. */
  get sessions() {
    return [...this.#sessions.values()];
  }

  /** The place of the latest moment. */
  get latest() {
    return this.#order;
  }

  /** @param {string | null} id */
  session(id) {
    return id === null ? undefined : this.#sessions.get(id);
  }

  /** @param {typeof KEPT} kept */
  clear(kept = KEPT) {
    this.#sessions.clear();
    this.#order = 0;
    this.#kept = kept;
  }

  /**
   * Takes messages in; those that it has already, it passes over.
   *
   * @param {readonly InspectorMessage[]} messages
   * @param {{ gap?: boolean }} [options] `gap`: others are missing before these
   * @returns {Moment[]} what happened
   */
  add(messages, { gap = false } = {}) {
    const moments = [];
    for (const message of messages) {
      const moment = this.#take(message, gap);
      if (moment !== undefined) moments.push(moment);
    }
    return moments;
  }

  /**
   * Where a session stood then; `undefined` when that was before all that is known of it.
   *
   * @param {Session} session
   * @param {number} order
   */
  momentAt({ moments }, order) {
    return moments[placeOf(moments, order)];
  }

  /**
   * @param {InspectorMessage} message
   * @param {boolean} gap
   * @returns {Moment | undefined}
   */
  #take(message, gap) {
    const { frameio, sessionId } = message;
    const session = this.#sessions.get(sessionId) ?? this.#begin(sessionId, frameio);
    // An instance that was started anew under its old name counts from the beginning, later.
    const begins = message.type === '@xstate.actor' && frameio.time > session.time;
    if (frameio.sequence <= session.sequence && !begins) return undefined;
    session.sequence = frameio.sequence;
    session.time = frameio.time;
    session.label = frameio.label;
    if (message.type === '@xstate.event') return undefined; // The snapshot that follows has the event, too.
    session.stopped = message.snapshot.status !== 'active';
    const isSnapshot = message.type === '@xstate.snapshot';
    const event = isSnapshot ? message.event : { type: /** @type {const} */ ('xstate.init') };
    const last = session.moments.at(-1);
    if (event.type === 'xstate.init' && last?.event.type === event.type) return undefined;
    this.#order += 1;
    /** @type {Moment} */
    const moment = {
      order: this.#order,
      session,
      time: frameio.time,
      event,
      from: gap || begins ? null : (last?.facts.state ?? null),
      facts: /** @type {SnapshotMessage} */ (message).frameio.facts,
      effects: isSnapshot ? message.frameio.effects : [],
      transitions: isSnapshot ? message.frameio.transitions : [],
    };
    session.moments.push(moment);
    // Many at once, so that the bound costs nothing for each.
    if (session.moments.length > this.#kept.messages * 1.25) {
      session.moments.splice(0, session.moments.length - this.#kept.messages);
    }
    return moment;
  }

  /**
   * @param {string} id
   * @param {import('../src/messages.js').About} about
   */
  #begin(id, { instance, label }) {
    /** @type {Session} */
    const session = { id, instance, label, sequence: 0, time: 0, stopped: false, moments: [] };
    this.#sessions.set(id, session);
    if (this.#sessions.size > this.#kept.sessions) this.#sessions.delete(this.#stalest(session));
    return session;
  }

  /** @param {Session} but the one that has just begun */
  #stalest(but) {
    const others = this.sessions.filter((session) => session !== but);
    const last = (/** @type {Session} */ { moments }) => moments.at(-1)?.order ?? 0;
    return others.reduce((stalest, session) => (last(session) < last(stalest) ? session : stalest)).id;
  }
}

/**
 * The place of the last moment that is not after `order`; -1 when all are.
 *
 * @param {Moment[]} moments
 * @param {number} order
 */
export function placeOf(moments, order) {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {Moment} */ (moments[middle]).order <= order) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
