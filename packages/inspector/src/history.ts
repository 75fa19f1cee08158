import type { ActorMessage, InspectorMessage, SnapshotMessage } from './messages.js';

/** How much is kept: enough to step back through, and at most a few megabytes in total. */
export const HISTORY_LIMITS = { messages: 100, sessions: 100 } as const;

interface Kept {
  /** How the session began; kept separately, because it identifies the session. */
  actor: ActorMessage | undefined;
  latest: SnapshotMessage | undefined;
  /** A ring buffer once it is full: `next` is the index of the oldest message. */
  readonly ring: Numbered[];
  next: number;
}

interface Numbered {
  readonly number: number;
  readonly message: InspectorMessage;
}

/** Keeps the last messages of the most recently active sessions. */
export class History {
  /** The least recently active session comes first. */
  readonly #sessions = new Map<string, Kept>();
  #count = 0;

  add(message: InspectorMessage): void {
    const { sessionId } = message;
    const kept = this.#sessions.get(sessionId) ?? this.#begin();
    // A new entry comes last.
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, kept);
    if (message.type === '@xstate.actor') {
      kept.actor = message;
      return;
    }
    if (message.type === '@xstate.snapshot') kept.latest = message;
    kept.ring[kept.next] = { number: this.#count, message };
    kept.next = (kept.next + 1) % HISTORY_LIMITS.messages;
    this.#count += 1;
  }

  #begin(): Kept {
    if (this.#sessions.size >= HISTORY_LIMITS.sessions) this.#forgetOne();
    return { actor: undefined, latest: undefined, ring: [], next: 0 };
  }

  /** Removes a session that has ended, or else the least recently active one. */
  #forgetOne(): void {
    let quietest: string | undefined;
    for (const [id, { latest }] of this.#sessions) {
      quietest ??= id;
      if (latest?.snapshot.status !== 'stopped') continue;
      quietest = id;
      break;
    }
    if (quietest !== undefined) this.#sessions.delete(quietest);
  }

  /** Returns everything that is kept: first how the sessions began, then the other messages in order of arrival. */
  all(): InspectorMessage[] {
    const kept = [...this.#sessions.values()];
    const happened = kept.flatMap(({ ring }) => ring).sort((one, other) => one.number - other.number);
    return [...actorsOf(kept), ...happened.map(({ message }) => message)];
  }

  /** Returns how the sessions began, and their latest snapshots. */
  summary(): (ActorMessage | SnapshotMessage)[] {
    const kept = [...this.#sessions.values()];
    return [...actorsOf(kept), ...kept.flatMap(({ latest }) => latest ?? [])];
  }

  clear(): void {
    this.#sessions.clear();
  }
}

function actorsOf(kept: readonly Kept[]): ActorMessage[] {
  return kept.flatMap(({ actor }) => actor ?? []);
}
