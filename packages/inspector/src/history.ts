import type { ActorMessage, InspectorMessage, SnapshotMessage } from './messages.js';

/** How much is kept: enough to step back through, and no more than a few megabytes in all. */
export const KEPT = { messages: 100, sessions: 100 } as const;

interface Kept {
  /** How the session began; kept beside the others, because it says who it is. */
  actor: ActorMessage | undefined;
  latest: SnapshotMessage | undefined;
  /** A ring, once it is full: `next` is where the oldest message is. */
  readonly ring: Numbered[];
  next: number;
}

interface Numbered {
  readonly number: number;
  readonly message: InspectorMessage;
}

/** The last messages of the sessions that were heard of last. */
export class History {
  /** The session that has been quiet for longest comes first. */
  readonly #sessions = new Map<string, Kept>();
  #count = 0;

  add(message: InspectorMessage): void {
    const { sessionId } = message;
    const kept = this.#sessions.get(sessionId) ?? this.#begin();
    // What is set anew comes last.
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, kept);
    if (message.type === '@xstate.actor') {
      kept.actor = message;
      return;
    }
    if (message.type === '@xstate.snapshot') kept.latest = message;
    kept.ring[kept.next] = { number: this.#count, message };
    kept.next = (kept.next + 1) % KEPT.messages;
    this.#count += 1;
  }

  #begin(): Kept {
    if (this.#sessions.size >= KEPT.sessions) this.#forgetOne();
    return { actor: undefined, latest: undefined, ring: [], next: 0 };
  }

  /** A session that is over, or else the one that has been quiet for longest. */
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

  /** All that is kept: first how the sessions began, then what happened, in the order in which it became known. */
  all(): InspectorMessage[] {
    const kept = [...this.#sessions.values()];
    const happened = kept.flatMap(({ ring }) => ring).sort((one, other) => one.number - other.number);
    return [...actorsOf(kept), ...happened.map(({ message }) => message)];
  }

  /** How the sessions began, and where they stand. */
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
