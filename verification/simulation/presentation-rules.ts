import type { Presentation, Sending } from './behaviour.ts';
import { type EventOf, type Fleet, type Report, STORAGE_TROUBLE } from './fleet.ts';

/** How long a lease excludes others at least, in milliseconds: longer than any request may take. */
const LONGEST_REQUEST = 25_000;

/** How soon after its response an unhindered instance must have its tokens in the storage, in milliseconds. */
const PROMPT_COMMIT = 60_000;

/** Checks how refresh tokens and codes are presented: once, under a lease, and never older ones. */
export class PresentationRules {
  readonly #fleet: Fleet;
  readonly #report: Report;
  readonly #presentations = new Map<string, Presentation[]>();

  constructor(fleet: Fleet, report: Report) {
    this.#fleet = fleet;
    this.#report = report;
  }

  observeRequest({ who, at, request, presented }: EventOf<'server asked'>): void {
    const { lease, knowsOfAbandonment, storageFailedAt, sent, suspected } = this.#fleet.behaviourOf(who);
    sent.set(request, { at, who, presented, lease, storageFailedAt });
    if (knowsOfAbandonment && presented !== undefined) suspected.add(presented);
  }

  observeServer({ who, request, grant, presented, outcome }: EventOf<'server did'>): void {
    const behaviour = this.#fleet.behaviourOf(who);
    const sending = behaviour.sent.get(request);
    if (sending === undefined) return;
    const isGivenUp = behaviour.givenUp.has(request);
    const tokens = typeof outcome === 'object' ? outcome : undefined;
    const presentation: Presentation | undefined =
      tokens?.refreshToken === undefined
        ? undefined
        : { at: sending.at, leasedAt: sending.lease?.at, who, obtained: tokens.refreshToken, isGivenUp };
    behaviour.asked.set(request, { outcome, presented, tokens, presentation });
    if (presented === undefined) return;
    // A code belongs to its own user, and needs no lease.
    if (grant === 'refresh_token') this.#checkLease(sending, presented);
    const presentations = this.#presentations.get(presented) ?? [];
    // If it arrives after the instance stopped waiting, others followed it, not the other way round.
    const isChecked = !isGivenUp && (tokens !== undefined || outcome === 'spent' || outcome === 'revoked');
    const unexcused = isChecked && presentations.find((earlier) => !this.#mayRepeat(earlier, sending));
    if (unexcused) {
      const what = `${who} presents ${presented}, for which ${unexcused.who} had obtained ${unexcused.obtained}.`;
      this.#report('one presentation', what);
    }
    if (presentation === undefined) return;
    presentations.push(presentation);
    this.#presentations.set(presented, presentations);
  }

  /** Notes that an instance has written its tokens. */
  observeCommit(who: string, at: number): void {
    for (const presentation of [...this.#presentations.values()].flat()) {
      if (presentation.who === who) presentation.storedAt ??= at;
    }
  }

  observeFailure({ who, request, delivery }: EventOf<'server silent'>): void {
    const { sent, suspected, givenUp, asked, waiting } = this.#fleet.behaviourOf(who);
    const presented = sent.get(request)?.presented;
    if (delivery === 'unknown' && presented !== undefined) suspected.add(presented);
    givenUp.add(request);
    const presentation = asked.get(request)?.presentation;
    if (presentation !== undefined) presentation.isGivenUp = true;
    if (!waiting.has(request)) return;
    this.#report('answers that arrived', `${who} gives up request ${request}, although its response has arrived.`);
  }

  #checkLease({ who, at, lease, storageFailedAt }: Sending, presented: string): void {
    const { ledger, parameters } = this.#fleet;
    if (parameters.onStorageUnavailable === 'request' && at - storageFailedAt < STORAGE_TROUBLE) return;
    if (lease === undefined) {
      this.#report('the newest token', `${who} presents ${presented} without a lease.`);
      return;
    }
    if (lease.holding.status !== 'tokens') return;
    const { refreshToken } = lease.holding;
    if (refreshToken === undefined || !ledger.isAncestor(presented, refreshToken)) return;
    this.#report('the newest token', `${who} presents ${presented}, though the record has ${refreshToken}.`);
  }

  /** Whether a refresh token may be presented although it returned another one before. */
  #mayRepeat(earlier: Presentation, { who, at, presented, lease, storageFailedAt }: Sending): boolean {
    if (isCode(presented)) return earlier.isGivenUp;
    const { parameters, wentBackAt, losses } = this.#fleet;
    const presenter = this.#fleet.behaviourOf(earlier.who);
    const failed = Math.max(storageFailedAt, presenter.storageFailedAt);
    if (parameters.onStorageUnavailable === 'request' && earlier.at - failed < STORAGE_TROUBLE) return true;
    if (wentBackAt > earlier.at - STORAGE_TROUBLE) return true;
    // A lease that is lost is granted to another instance.
    if (losses.some((lostAt) => Math.abs(lostAt - earlier.at) < STORAGE_TROUBLE)) return true;
    if (this.#fleet.diedWithItsHolders(earlier.obtained)) return true;
    if (earlier.storedAt !== undefined) return (lease?.at ?? at) < earlier.storedAt;
    if (earlier.isGivenUp) return true;
    if (earlier.who === who) return false;
    if ((lease?.at ?? at) - (earlier.leasedAt ?? earlier.at) < LONGEST_REQUEST) return false;
    if (earlier.answeredAt === undefined) return true;
    const hinderedAt = Math.max(presenter.hinderedAt, presenter.storageFailedAt);
    return hinderedAt >= earlier.at - STORAGE_TROUBLE || at - earlier.answeredAt < PROMPT_COMMIT;
  }
}

export function isCode(presented: string | undefined): boolean {
  return presented?.startsWith('code#') === true;
}
