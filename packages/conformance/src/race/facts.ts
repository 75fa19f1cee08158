import type { ProcessName, RaceEvent } from './history.js';

export interface Presentation {
  readonly at: number;
  readonly process: ProcessName;
  readonly request: string;
  readonly refreshToken: string;
  /** The previous presentation of the same token, if any. */
  readonly earlier?: Presentation;
}

type Kind = RaceEvent['kind'];
export type EventOf<K extends Kind> = Extract<RaceEvent, { readonly kind: K }>;

/** The period in which a process certainly holds a lease. */
export interface HeldLease {
  readonly process: ProcessName;
  readonly key: string;
  /** The version under which it was granted; 0: there was no record. */
  readonly version: number;
  readonly asked: number;
  readonly from: number;
  /** The earliest time at which it may expire. The storage counts from a later moment. */
  readonly deadline: number;
  /** When a process began to end it, by releasing it or by writing the record; at the latest its deadline. */
  readonly until: number;
  /** When its holder began to release it; at the latest its deadline. */
  readonly untilReleased: number;
}

/** Derives the facts of a history that the invariants need. */
export class Facts {
  readonly #history: readonly RaceEvent[];
  readonly presentations: readonly Presentation[];
  readonly #decisions: ReadonlyMap<string, EventOf<'token.decided'>>;
  readonly #ends: ReadonlyMap<string, EventOf<'request.ended'>>;
  readonly replies: readonly EventOf<'storage.answered'>[];
  readonly heldLeases: readonly HeldLease[];
  readonly #faults: readonly (EventOf<'fault.began'> & { readonly until: number })[];

  constructor(history: readonly RaceEvent[]) {
    this.#history = history;
    this.#decisions = new Map(this.all('token.decided').map((event) => [event.request, event]));
    this.#ends = new Map(this.all('request.ended').map((event) => [event.request, event]));
    this.replies = this.all('storage.answered');
    this.heldLeases = this.replies
      .filter(({ outcome }) => outcome === 'granted')
      .map((event) => this.#heldLeaseOf(event));
    const ends = this.all('fault.ended');
    this.#faults = this.all('fault.began').map((began) => {
      const end = ends.find(
        ({ at, fault, process }) => at >= began.at && fault === began.fault && process === began.process,
      );
      return { ...began, until: end?.at ?? Number.POSITIVE_INFINITY };
    });
    const last = new Map<string, Presentation>();
    this.presentations = this.all('token.presented').map(({ at, process, request, refreshToken }) => {
      const earlier = last.get(refreshToken);
      const presentation = { at, process, request, refreshToken, ...(earlier && { earlier }) };
      last.set(refreshToken, presentation);
      return presentation;
    });
  }

  /** Whether a response with tokens may not have reached the storage, or may have been lost from it. */
  get lostTokens(): boolean {
    const granted = this.all('token.decided').filter(({ refreshToken }) => refreshToken !== undefined);
    return granted.some((decision) => !this.#isStored(decision)) || this.#faults.some(({ losesWrites }) => losesWrites);
  }

  /** Returns the refresh tokens that were stored and not lost since. */
  get storedRefreshTokens(): string[] {
    return this.all('token.decided').flatMap((decision) => {
      const kept = this.#isStored(decision) && !this.losesWrites(decision.at, Number.POSITIVE_INFINITY);
      return kept && decision.refreshToken !== undefined ? [decision.refreshToken] : [];
    });
  }

  /** Returns how many refresh tokens the server exchanged for new tokens. */
  get refreshed(): number {
    const granted = this.presentations.filter(({ request }) => this.#decisions.get(request)?.outcome === 'granted');
    return new Set(granted.map(({ refreshToken }) => refreshToken)).size;
  }

  /** Returns the presentations of tokens that were presented before, unless the server had kept them unchanged. */
  get repetitions(): readonly (Presentation & { readonly earlier: Presentation })[] {
    return this.presentations.flatMap((presentation) => {
      const { earlier } = presentation;
      return earlier === undefined || this.#wasKept(earlier) ? [] : [{ ...presentation, earlier }];
    });
  }

  /** Whether a token was presented after its lease had ended, by expiry or by the commit of another process. */
  cameLate(presentation: Presentation): boolean {
    const held = this.#leaseAt(presentation);
    if (held === undefined) return false;
    const { process, key, from, deadline } = held;
    const outrun = this.replies.some(
      (reply) =>
        reply.outcome === 'committed' &&
        reply.process !== process &&
        reply.key === key &&
        reply.at >= from &&
        reply.at <= presentation.at,
    );
    return outrun || deadline <= presentation.at;
  }

  /** Whether the process that presented a token knows that it gets no tokens for it. */
  responseWasLost({ request }: Presentation): boolean {
    const end = this.#ends.get(request);
    return end !== undefined && end.status !== 200;
  }

  /** Whether a process was affected by a fault, or died, in a period. */
  wasAffected(process: ProcessName, from: number, to: number): boolean {
    const wasAffected = this.#faults.some(
      (fault) => (fault.process ?? process) === process && fault.at <= to && fault.until >= from,
    );
    return wasAffected || this.all('process.ended').some((end) => end.process === process && end.at <= to);
  }

  all<K extends Kind>(kind: K): EventOf<K>[] {
    return this.#history.filter((event): event is EventOf<K> => event.kind === kind);
  }

  #heldLeaseOf({ process, key, version = 0, at, asked, question }: EventOf<'storage.answered'>): HeldLease {
    const ttl = (which: number): number => {
      const question = this.all('storage.asked').find((event) => event.process === process && event.question === which);
      return question?.ttl ?? 0;
    };
    const isOwn = (event: { readonly process: ProcessName; readonly key: string }) =>
      event.process === process && event.key === key;
    const own = this.replies.filter((reply) => isOwn(reply) && reply.at >= at);
    const next = own.find(({ outcome, question: other }) => outcome === 'granted' && other > question);
    const before = next?.question ?? Number.POSITIVE_INFINITY;
    const renewals = own.filter(({ outcome, question }) => outcome === 'renewed' && question < before);
    const deadline = Math.max(
      asked + ttl(question),
      ...renewals.map((renewal) => renewal.asked + ttl(renewal.question)),
    );
    const asks = this.all('storage.asked').filter((event) => event.key === key);
    const release = asks.find((event) => event.call === 'release' && isOwn(event) && event.question > question);
    // Any process that writes the record ends the lease on it, holder or not.
    const commit = asks.find((event) => event.call === 'commit' && this.#mayEnd(event, at, version));
    const untilReleased = Math.min(deadline, release?.at ?? deadline);
    const until = Math.min(untilReleased, Math.max(at, commit?.at ?? deadline));
    return { process, key, version, asked, from: at, deadline, until, untilReleased };
  }

  /** Whether a commit may have ended a lease that was granted under a version, as far as the replies show. */
  #mayEnd({ process, question }: EventOf<'storage.asked'>, granted: number, version: number): boolean {
    const reply = this.replies.find((event) => event.process === process && event.question === question);
    if (reply === undefined) return true;
    // Its reply may have come before that of the lease, although the storage granted the lease first.
    if (reply.outcome === 'committed' && (reply.version ?? 0) > version) return true;
    return reply.outcome !== 'conflict' && reply.at >= granted;
  }

  /** Whether a commit failed before a time, so that the storage may still have carried it out at any moment since. */
  awaitsCommit(key: string, before: number): boolean {
    return this.replies.some(
      (reply) =>
        reply.call === 'commit' &&
        reply.key === key &&
        reply.asked < before &&
        reply.outcome !== 'committed' &&
        reply.outcome !== 'conflict',
    );
  }

  /** Whether the storage may have lost confirmed writes between two times. */
  losesWrites(from: number, to: number): boolean {
    return this.#faults.some((fault) => fault.losesWrites && fault.at <= to && fault.until >= from);
  }

  /** Returns the commits of a process since a time. */
  #commits(process: ProcessName, since: number): EventOf<'storage.answered'>[] {
    return this.replies.filter(
      (reply) => reply.outcome === 'committed' && reply.process === process && reply.asked >= since,
    );
  }

  /** Whether the process that requested these tokens received and stored them. */
  #isStored({ request, process }: EventOf<'token.decided'>): boolean {
    const end = this.#ends.get(request);
    return end?.status === 200 && this.#commits(process, end.at).length > 0;
  }

  /** Whether a presentation is allowed after an earlier one of the same token. */
  mayFollow(earlier: Presentation, later: Presentation): boolean {
    const held = this.#leaseAt(earlier);
    if (this.losesWrites(held?.asked ?? earlier.at, later.at) || this.cameLate(later)) return true;
    if (held === undefined) return false;
    const end = this.#ends.get(earlier.request);
    const answered = end?.status === 200 && end.at <= later.at;
    if (earlier.process === later.process && end !== undefined && !answered) return true;
    if (this.#wasKept(earlier)) return held.until <= later.at;
    // A lease under an older version was granted before the commit.
    const known = this.#leaseAt(later)?.version ?? Number.POSITIVE_INFINITY;
    const isKnown = ({ at, version = 0 }: EventOf<'storage.answered'>) => at <= later.at && version <= known;
    if (answered && this.#commits(earlier.process, end.at).some(isKnown)) return false;
    return (answered ? held.deadline : held.untilReleased) <= later.at;
  }

  /** Returns the lease under which a token was presented. */
  #leaseAt({ process, at }: Presentation): HeldLease | undefined {
    return this.heldLeases.findLast((held) => held.process === process && held.from <= at);
  }

  /** Whether the server kept the refresh token unchanged. */
  #wasKept({ request }: Presentation): boolean {
    const decision = this.#decisions.get(request);
    return decision?.outcome === 'granted' && decision.refreshToken === undefined;
  }
}
