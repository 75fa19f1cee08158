import type { ProcessName, RaceEvent } from './history.js';
import type { Settlement } from './orders.js';

/** The invariants of every race. */
export const invariants = {
  'one presentation':
    'A refresh token is presented once, unless what became of it is unknown (no answer reached the process that presented it, or the lease under which it did so ran out before the answer was written, or the storage lost what it had confirmed), or the lease of the process that presents it again ended, by time or by a commit of another one, while it was about to.',
  'one holder': 'No two processes hold the lease of a record at the same time.',
  'growing versions':
    'Whoever asks the storage is told of no older version of a record than somebody was told of before; and no version is written twice.',
  'living tokens':
    'No token is handed out that the server never issued or that it knows as expired, except to those who were waiting when the process got that very token.',
  'no tokens after the end': 'A process that says that its session is over hands out no token.',
  recovery:
    'When the faults are over, every member has a token that the API accepts; unless the session is dead at the server, and then every member says that it is over, and why, and blames an interrupted refresh only if one was.',
  'staying alive': 'No process ends by itself.',
} as const;

export type Invariant = keyof typeof invariants;

/** An invariant that was violated. */
export interface Violation {
  readonly invariant: Invariant;
  /** When it was detected, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly what: string;
}

/** How a race ended. */
export interface Ending {
  readonly at: number;
  readonly settlements: readonly Settlement[];
  /** Whether the server would accept a refresh token, named by its fingerprint. */
  honours(refreshToken: string): boolean;
}

export interface Presentation {
  readonly at: number;
  readonly process: ProcessName;
  readonly request: string;
  readonly refreshToken: string;
  /** The previous presentation of the same token, if any. */
  readonly earlier?: Presentation;
}

type Kind = RaceEvent['kind'];
type Of<K extends Kind> = Extract<RaceEvent, { readonly kind: K }>;

/** The period in which a process certainly holds a lease. */
interface Tenure {
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
export class Findings {
  readonly #history: readonly RaceEvent[];
  readonly presentations: readonly Presentation[];
  readonly #decisions: ReadonlyMap<string, Of<'token.decided'>>;
  readonly #ends: ReadonlyMap<string, Of<'request.ended'>>;
  readonly #answers: readonly Of<'storage.answered'>[];
  readonly #tenures: readonly Tenure[];
  readonly #strikes: readonly (Of<'struck'> & { readonly until: number })[];

  constructor(history: readonly RaceEvent[]) {
    this.#history = history;
    this.#decisions = new Map(this.#all('token.decided').map((event) => [event.request, event]));
    this.#ends = new Map(this.#all('request.ended').map((event) => [event.request, event]));
    this.#answers = this.#all('storage.answered');
    this.#tenures = this.#answers.filter(({ outcome }) => outcome === 'granted').map((event) => this.#tenureOf(event));
    const healed = this.#all('healed');
    this.#strikes = this.#all('struck').map((strike) => {
      const over = healed.find(
        ({ at, fault, process }) => at >= strike.at && fault === strike.fault && process === strike.process,
      );
      return { ...strike, until: over?.at ?? Number.POSITIVE_INFINITY };
    });
    const last = new Map<string, Presentation>();
    this.presentations = this.#all('token.presented').map(({ at, process, request, refreshToken }) => {
      const earlier = last.get(refreshToken);
      const presentation = { at, process, request, refreshToken, ...(earlier && { earlier }) };
      last.set(refreshToken, presentation);
      return presentation;
    });
  }

  /** Returns the violated invariants. */
  violations(): Violation[] {
    return [
      ...this.#repeatedPresentations(),
      ...this.#sharedLeases(),
      ...this.#fallingVersions(),
      ...this.#deadTokens(),
      ...this.#tokensAfterTheEnd(),
      ...this.#deaths(),
    ].sort((one, other) => one.at - other.at);
  }

  /** Whether a response with tokens may not have reached the storage, or may have been lost from it. */
  get lostTokens(): boolean {
    const granted = this.#all('token.decided').filter(({ refreshToken }) => refreshToken !== undefined);
    return (
      granted.some((decision) => !this.#isStored(decision)) || this.#strikes.some(({ losesWrites }) => losesWrites)
    );
  }

  /** Returns the refresh tokens that were stored and not lost since. */
  get storedRefreshTokens(): string[] {
    return this.#all('token.decided').flatMap((decision) => {
      const kept = this.#isStored(decision) && !this.#losesWrites(decision.at, Number.POSITIVE_INFINITY);
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
    const tenure = this.#tenureAt(presentation);
    if (tenure === undefined) return false;
    const { process, key, from, deadline } = tenure;
    const outrun = this.#answers.some(
      (answer) =>
        answer.outcome === 'committed' &&
        answer.process !== process &&
        answer.key === key &&
        answer.at >= from &&
        answer.at <= presentation.at,
    );
    return outrun || deadline <= presentation.at;
  }

  /** Whether the process that presented a token knows that it gets no tokens for it. */
  answerWasLost({ request }: Presentation): boolean {
    const end = this.#ends.get(request);
    return end !== undefined && end.status !== 200;
  }

  /** Whether a process was affected by a fault, or died, in a period. */
  wasStruck(process: ProcessName, from: number, to: number): boolean {
    const strikes = this.#strikes.some(
      (strike) => (strike.process ?? process) === process && strike.at <= to && strike.until >= from,
    );
    return strikes || this.#all('process.ended').some((end) => end.process === process && end.at <= to);
  }

  #all<K extends Kind>(kind: K): Of<K>[] {
    return this.#history.filter((event): event is Of<K> => event.kind === kind);
  }

  #tenureOf({ process, key, version = 0, at, asked, question }: Of<'storage.answered'>): Tenure {
    const ttl = (which: number): number => {
      const question = this.#all('storage.asked').find(
        (event) => event.process === process && event.question === which,
      );
      return question?.ttl ?? 0;
    };
    const isOwn = (event: { readonly process: ProcessName; readonly key: string }) =>
      event.process === process && event.key === key;
    const own = this.#answers.filter((answer) => isOwn(answer) && answer.at >= at);
    const next = own.find(({ outcome, question: other }) => outcome === 'granted' && other > question);
    const before = next?.question ?? Number.POSITIVE_INFINITY;
    const renewals = own.filter(({ outcome, question }) => outcome === 'renewed' && question < before);
    const deadline = Math.max(
      asked + ttl(question),
      ...renewals.map((renewal) => renewal.asked + ttl(renewal.question)),
    );
    const asks = this.#all('storage.asked').filter((event) => event.key === key);
    const release = asks.find((event) => event.call === 'release' && isOwn(event) && event.question > question);
    // Any process that writes the record ends the lease on it, holder or not.
    const commit = asks.find((event) => event.call === 'commit' && this.#mayTakeEffect(event, at));
    const untilReleased = Math.min(deadline, release?.at ?? deadline);
    const until = Math.min(untilReleased, Math.max(at, commit?.at ?? deadline));
    return { process, key, version, asked, from: at, deadline, until, untilReleased };
  }

  /** Whether a commit may have taken effect after a time, as far as its reply shows. */
  #mayTakeEffect({ process, question }: Of<'storage.asked'>, since: number): boolean {
    const answer = this.#answers.find((event) => event.process === process && event.question === question);
    return answer === undefined || (answer.outcome !== 'conflict' && answer.at >= since);
  }

  /** Whether a commit failed before a time, so that the storage may still have carried it out at any moment since. */
  #awaitsCommit(key: string, before: number): boolean {
    return this.#answers.some(
      (answer) =>
        answer.call === 'commit' &&
        answer.key === key &&
        answer.asked < before &&
        answer.outcome !== 'committed' &&
        answer.outcome !== 'conflict',
    );
  }

  /** Whether the storage may have lost confirmed writes between two times. */
  #losesWrites(from: number, to: number): boolean {
    return this.#strikes.some((strike) => strike.losesWrites && strike.at <= to && strike.until >= from);
  }

  /** Returns the commits of a process since a time. */
  #commits(process: ProcessName, since: number): Of<'storage.answered'>[] {
    return this.#answers.filter(
      (answer) => answer.outcome === 'committed' && answer.process === process && answer.asked >= since,
    );
  }

  /** Whether the process that requested these tokens received and stored them. */
  #isStored({ request, process }: Of<'token.decided'>): boolean {
    const end = this.#ends.get(request);
    return end?.status === 200 && this.#commits(process, end.at).length > 0;
  }

  *#repeatedPresentations(): Generator<Violation> {
    for (const presentation of this.presentations) {
      const { earlier, at, process, refreshToken } = presentation;
      if (earlier === undefined || this.#mayFollow(earlier, presentation)) continue;
      const what = `Member ${process} presented ${refreshToken} in request ${presentation.request}, as member ${earlier.process} had done ${at - earlier.at} ms before in request ${earlier.request}.`;
      yield { invariant: 'one presentation', at, what };
    }
  }

  #mayFollow(earlier: Presentation, later: Presentation): boolean {
    const tenure = this.#tenureAt(earlier);
    if (this.#losesWrites(tenure?.asked ?? earlier.at, later.at) || this.cameLate(later)) return true;
    if (tenure === undefined) return false;
    const end = this.#ends.get(earlier.request);
    const answered = end?.status === 200 && end.at <= later.at;
    if (earlier.process === later.process && end !== undefined && !answered) return true;
    if (this.#wasKept(earlier)) return tenure.until <= later.at;
    if (answered && this.#commits(earlier.process, end.at).some(({ at }) => at <= later.at)) return false;
    return (answered ? tenure.deadline : tenure.untilReleased) <= later.at;
  }

  /** Returns the lease under which a token was presented. */
  #tenureAt({ process, at }: Presentation): Tenure | undefined {
    return this.#tenures.findLast((tenure) => tenure.process === process && tenure.from <= at);
  }

  /** Whether the server kept the refresh token unchanged. */
  #wasKept({ request }: Presentation): boolean {
    const decision = this.#decisions.get(request);
    return decision?.outcome === 'granted' && decision.refreshToken === undefined;
  }

  *#sharedLeases(): Generator<Violation> {
    for (const [index, one] of this.#tenures.entries()) {
      for (const other of this.#tenures.slice(0, index)) {
        if (one.key !== other.key || one.process === other.process) continue;
        const from = Math.max(one.from, other.from);
        if (from >= Math.min(one.until, other.until)) continue;
        if (this.#losesWrites(Math.min(one.asked, other.asked), from)) continue;
        if (one.version !== other.version && this.#awaitsCommit(one.key, one.from)) continue;
        const what = `Members ${other.process} and ${one.process} both had the lease, for ${Math.min(one.until, other.until) - from} ms at least.`;
        yield { invariant: 'one holder', at: from, what };
      }
    }
  }

  *#fallingVersions(): Generator<Violation> {
    const seen = this.#answers.filter(({ version }) => version !== undefined) as (Of<'storage.answered'> & {
      version: number;
    })[];
    for (const answer of seen) {
      const { at, asked, key, version, process } = answer;
      const newer = seen.find((other) => other.key === key && other.at < asked && other.version > version);
      if (newer !== undefined && !this.#losesWrites(newer.at, at)) {
        const what = `Member ${process} was told of version ${version}, though member ${newer.process} had been told of version ${newer.version} ${asked - newer.at} ms before it asked.`;
        yield { invariant: 'growing versions', at, what };
      }
      if (answer.outcome !== 'committed') continue;
      const twin = seen.find(
        (other) =>
          other !== answer &&
          other.outcome === 'committed' &&
          other.key === key &&
          other.version === version &&
          other.at <= at,
      );
      if (twin !== undefined && !this.#losesWrites(twin.at, at)) {
        const what = `Members ${twin.process} and ${process} both wrote version ${version}.`;
        yield { invariant: 'growing versions', at, what };
      }
    }
  }

  *#deadTokens(): Generator<Violation> {
    const issued = new Map(this.#all('token.decided').map((event) => [event.accessToken, event]));
    const handed = this.#all('handed');
    for (const { at, process, token, asked, decided } of handed) {
      const { expiresAt } = issued.get(token) ?? {};
      if (expiresAt === undefined) {
        const what = `Member ${process} handed out ${token}, which the server never issued.`;
        yield { invariant: 'living tokens', at, what };
        continue;
      }
      if (decided < expiresAt) continue;
      const commit = this.#answers.find(
        (answer) => answer.process === process && answer.call === 'commit' && answer.at >= asked && answer.at <= at,
      );
      const isFirst = (moment: number) =>
        !handed.some((other) => other.process === process && other.token === token && other.at < moment);
      if (commit !== undefined && isFirst(commit.at)) continue;
      const what = `Member ${process} handed out ${token}, which had expired ${decided - expiresAt} ms before.`;
      yield { invariant: 'living tokens', at, what };
    }
  }

  *#tokensAfterTheEnd(): Generator<Violation> {
    const states = this.#all('state');
    for (const { at, process, token, decided } of this.#all('handed')) {
      const state = states.findLast((event) => event.process === process && event.at <= at);
      if (state === undefined || state.at >= decided || !/^(expired|revoked)/.test(state.step)) continue;
      const what = `Member ${process} handed out ${token}, ${at - state.at} ms after it had said that its session is ${state.step}.`;
      yield { invariant: 'no tokens after the end', at, what };
    }
  }

  *#deaths(): Generator<Violation> {
    for (const { at, process, killed } of this.#all('process.ended')) {
      if (!killed) yield { invariant: 'staying alive', at, what: `Member ${process} ended by itself.` };
    }
  }
}

/** Returns what is wrong with the final state of a race. */
export function recoveryViolations(findings: Findings, { at, settlements, honours }: Ending): Violation[] {
  const off = settlements.flatMap((settlement, place) => (settlement.valid ? [] : [{ ...settlement, place }]));
  if (off.length === 0) return [];
  const stands = off
    .map(({ place, step, cause, code }) => `member ${place} is ${step} (${[cause, code].filter(Boolean).join(', ')})`)
    .join(', ');
  const violation = (why: string): Violation[] => [{ invariant: 'recovery', at, what: `${why}: ${stands}.` }];
  if (off.length < settlements.length) return violation('Some members have a token, and others have none');
  if (findings.storedRefreshTokens.some(honours)) return violation('The server still honours what was stored');
  if (off.some(({ cause }) => cause === null)) return violation('A member does not say why the session is over');
  const wasInterrupted = findings.lostTokens || findings.repetitions.length > 0;
  if (wasInterrupted || off.every(({ cause }) => cause !== 'refresh_interrupted')) return [];
  return violation('The session is over for an interrupted refresh, though none was');
}
