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

/** How much is kept until the server has said how much it keeps. */
const HISTORY_LIMITS = { messages: 500, sessions: 200 };

/** Stores the latest moments of each session, up to a limit. */
export class SessionLog {
  /** @type {Map<string, Session>} */
  #sessions = new Map();
  #order = 0;
  #kept = HISTORY_LIMITS;

  /** Returns all sessions, in the order in which they appeared. */
  get sessions() {
    return [...this.#sessions.values()];
  }

  /** Returns the number of the latest moment. */
  get latest() {
    return this.#order;
  }

  /** @param {string | null} id */
  session(id) {
    return id === null ? undefined : this.#sessions.get(id);
  }

  /** @param {typeof HISTORY_LIMITS} kept */
  clear(kept = HISTORY_LIMITS) {
    this.#sessions.clear();
    this.#order = 0;
    this.#kept = kept;
  }

  /**
   * Adds messages, and ignores those that it already has.
   *
   * @param {readonly InspectorMessage[]} messages
   * @param {{ gap?: boolean }} [options] `gap`: messages are missing before these
   * @returns {Moment[]} the new moments
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
   * Returns the moment of a session at that time; `undefined` if it was before everything known of it.
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
    // An instance that restarted under its old name counts from the beginning, at a later time.
    const begins = message.type === '@xstate.actor' && frameio.time > session.time;
    if (frameio.sequence <= session.sequence && !begins) return undefined;
    session.sequence = frameio.sequence;
    session.time = frameio.time;
    session.label = frameio.label;
    if (message.type === '@xstate.event') return undefined; // The snapshot that follows includes the event.
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
    // Removed many at a time, so that the limit costs little per message.
    if (session.moments.length > this.#kept.messages * 1.25) {
      session.moments.splice(0, session.moments.length - this.#kept.messages);
    }
    return moment;
  }

  /**
   * @param {string} id
   * @param {import('../src/messages.js').MessageSource} about
   */
  #begin(id, { instance, label }) {
    /** @type {Session} */
    const session = { id, instance, label, sequence: 0, time: 0, stopped: false, moments: [] };
    this.#sessions.set(id, session);
    if (this.#sessions.size > this.#kept.sessions) this.#sessions.delete(this.#stalest(session));
    return session;
  }

  /**
   * @param {Session} but the session that has just begun
   */
  #stalest(but) {
    const others = this.sessions.filter((session) => session !== but);
    const last = (/** @type {Session} */ { moments }) => moments.at(-1)?.order ?? 0;
    return others.reduce((stalest, session) => (last(session) < last(stalest) ? session : stalest)).id;
  }
}

/**
 * Returns the index of the last moment that is not after `order`; -1 if all are.
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
