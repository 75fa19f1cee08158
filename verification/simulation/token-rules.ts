import type { Behaviour } from './behaviour.ts';
import { type EventOf, type Fleet, placeOf, type Report } from './fleet.ts';
import { SESSION } from './history.ts';
import { isCode } from './presentation-rules.ts';

/** Sessions treat clocks that differ by less than this as equal, in milliseconds. */
const CLOCK_TOLERANCE = 10_000;

/** How long after a hint the older tokens may still be returned, in milliseconds. */
const PROMPT_READ = 60_000;

/** Checks the tokens that callers get: none has expired, as far as its session can know the time, and none is revoked. */
export class TokenRules {
  readonly #fleet: Fleet;
  readonly #report: Report;
  /** Access tokens that an instance's own clock dated, because it had no reply from the storage yet. */
  readonly #misdated = new Set<string>();
  /** By how much access tokens were dated too late, within the tolerance, because the clock was set during a call. */
  readonly #datedLate = new Map<string, number>();
  /** How far the clock of the storage was set back in total, and since when. */
  #setBack: { readonly at: number; readonly by: number } | undefined;
  /** When the clock of each place was last set ahead, and by how much. */
  readonly #setAhead = new Map<number, { readonly at: number; readonly by: number }>();

  constructor(fleet: Fleet, report: Report) {
    this.#fleet = fleet;
    this.#report = report;
  }

  /** @param instance - the place of the clock that was set; absent: the storage's */
  observeClock(instance: number | undefined, by: number, at: number): void {
    if (instance === undefined) {
      if (by < 0) this.#setBack = { at, by: (this.#setBack?.by ?? 0) - by };
    } else if (by > 0) {
      this.#setAhead.set(instance, { at, by });
    } else {
      for (const [who, { asleep }] of this.#fleet.behaviours) {
        if (asleep !== undefined && placeOf(who) === instance) asleep.setBack -= by;
      }
    }
  }

  observeStorageReply({ who, at, asked, question, call, record }: EventOf<'storage answered'>): void {
    const behaviour = this.#fleet.behaviourOf(who);
    const answer = behaviour.answers.get(question);
    behaviour.answers.delete(question);
    if (record !== SESSION || call === 'renew' || call === 'release') return;
    const setAhead = this.#setAhead.get(placeOf(who));
    const isMidway = setAhead !== undefined && setAhead.at >= asked && setAhead.by <= CLOCK_TOLERANCE;
    behaviour.datesLate = isMidway ? setAhead.by : 0;
    behaviour.roundTrip = at - asked;
    behaviour.repliedAt = at;
    if (call === 'lease') behaviour.knowsOfAbandonment = answer?.followsAbandoned === true;
    const { outdated } = behaviour;
    // A reply is at least as new as the hints before its request.
    if (outdated && (outdated.since <= asked || (answer && answer.version >= outdated.version))) {
      behaviour.outdated = undefined;
    }
    if (answer?.holding.status !== 'tokens') return;
    behaviour.known = answer.holding.refreshToken ?? behaviour.known;
    if (!behaviour.read.has(answer.holding.accessToken)) behaviour.read.set(answer.holding.accessToken, at);
    // Newer tokens, from any instance, mean that nothing was lost.
    if (answer.version > behaviour.version) behaviour.suspected.clear();
    behaviour.version = Math.max(behaviour.version, answer.version);
    // Permanently, because while the server asks to back off, the lease may be released before the token is presented.
    const learnsOfAbandonment = call === 'lease' && behaviour.knowsOfAbandonment;
    if (learnsOfAbandonment && behaviour.known !== undefined) behaviour.suspected.add(behaviour.known);
  }

  observeHint({ who, record, version, at }: EventOf<'hinted'>): void {
    const behaviour = this.#fleet.behaviourOf(who);
    behaviour.hinted = Math.max(behaviour.hinted, version);
    if (record !== SESSION || version <= behaviour.version) return;
    const { since = at, version: highest = 0 } = behaviour.outdated ?? {};
    behaviour.outdated = { since, version: Math.max(version, highest) };
  }

  observeResponse({ who, at, request, status }: EventOf<'server answered'>): void {
    const behaviour = this.#fleet.behaviourOf(who);
    const asked = behaviour.asked.get(request);
    if (asked === undefined) return;
    const { outcome, tokens, presented, presentation } = asked;
    if (status === 400 && !isCode(presented)) {
      behaviour.refused = presented;
      behaviour.refusedAsSpent = outcome === 'spent';
    }
    if (presentation !== undefined) presentation.answeredAt = at;
    if (tokens === undefined) return;
    behaviour.hinted = 0;
    behaviour.outdated = undefined;
    if (behaviour.repliedAt === undefined) this.#misdated.add(tokens.accessToken);
    if (behaviour.datesLate > 0) this.#datedLate.set(tokens.accessToken, behaviour.datesLate);
    if (tokens.refreshToken !== undefined) behaviour.known = tokens.refreshToken;
  }

  observeToken({ who, token, asked, at }: EventOf<'token returned'>): void {
    const { ledger, parameters } = this.#fleet;
    const behaviour = this.#fleet.behaviourOf(who);
    const expiresAt = ledger.expiryOf(token);
    if (expiresAt === undefined) {
      this.#report('living tokens', `${who} returns ${token}, which was never issued.`);
      return;
    }
    const revokedAt = behaviour.revoked.get(ledger.familyOf(token) ?? token);
    if (revokedAt !== undefined && asked > revokedAt) {
      this.#report('no tokens of a revoked session', `${who} returns ${token}, of a session that it has revoked.`);
    }
    this.#checkHint(who, token, asked);
    const drift = Math.abs(parameters.clocks[placeOf(who)]?.fast ?? 0) / 1_000_000;
    const late = ledger.now - expiresAt;
    const datedLate = this.#datedLate.get(token) ?? 0;
    const allowance = behaviour.roundTrip + drift * (at - (behaviour.repliedAt ?? 0)) + datedLate + 2;
    const life = parameters.accessTokenLifetime * 1_000;
    const age = ledger.now - (expiresAt - life);
    const extra = this.#extraLife(token, behaviour, expiresAt - life, at) + behaviour.hiddenSince(at - age);
    if (late < allowance + extra || this.#misdated.has(token)) return;
    this.#report('living tokens', `${who} returns ${token}, which had expired ${late} ms before.`);
  }

  #checkHint(who: string, token: string, asked: number): void {
    const { outdated, hinderedAt, storageFailedAt } = this.#fleet.behaviourOf(who);
    if (outdated === undefined || asked - outdated.since <= PROMPT_READ || this.#fleet.losses.length > 0) return;
    if (Math.max(hinderedAt, storageFailedAt) > outdated.since) return;
    this.#report(
      'hinted tokens',
      `${who} returns ${token}, ${asked - outdated.since} ms after a hint of a newer record.`,
    );
  }

  /**
   * Returns how much longer than its lifetime a token may be served by an instance that read it in the storage, if the
   * storage's clock was set back since. It looked younger by that much, but not younger than new.
   */
  #extraLife(token: string, { read }: Behaviour, issuedAt: number, at: number): number {
    const { ledger } = this.#fleet;
    const [readAt, setBack] = [read.get(token), this.#setBack];
    if (readAt === undefined || setBack === undefined) return 0;
    const dateOf = (moment: number) => ledger.now - (at - moment);
    if (dateOf(setBack.at) <= issuedAt) return 0;
    return Math.max(0, Math.min(setBack.by, dateOf(readAt) + CLOCK_TOLERANCE - issuedAt));
  }
}
