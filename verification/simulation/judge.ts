import { type PendingCall, STRANGE_ERROR } from './application.ts';
import { Conduct, type Presentation, type Sending } from './conduct.ts';
import { type Event, type Holding, SESSION } from './history.ts';
import type { Invariant, Violation } from './invariants.ts';
import type { Entry, Parameters } from './plan.ts';
import type { TokenLedger } from './token-ledger.ts';

/** How long a call may take, not counting the time for which its instance was suspended, in milliseconds. */
const LONGEST_CALL = 15 * 60_000;

/** How long a lease excludes others at least, in milliseconds: longer than any request may take. */
const LONGEST_REQUEST = 25_000;

/**
 * How soon instances with tokens in memory must write them after the storage returned without a record, in
 * milliseconds.
 */
const PROMPT_RETURN = 60_000;

/** How soon after its response an unhindered instance must have its tokens in the storage, in milliseconds. */
const PROMPT_COMMIT = 60_000;

/** The limits of requests and of storage calls per hour, in addition to those for each call of the application. */
const REQUESTS_AN_HOUR = 250;
const QUESTIONS_AN_HOUR = 4_000;
const FOR_EACH_CALL = 20;

/** How long a storage failure may be the reason why a session continues without it, in milliseconds. */
const STORAGE_TROUBLE = 10 * 60_000;

/** Sessions treat clocks that differ by less than this as equal, in milliseconds. */
const CLOCK_TOLERANCE = 10_000;

/** What the checks may inspect in addition to the events. */
export interface Evidence {
  readonly ledger: TokenLedger;
  readonly parameters: Parameters;
  /** Milliseconds since the beginning. */
  now(): number;
  pending(): Iterable<PendingCall>;
}

type Of<Kind extends Event['kind']> = Extract<Event, { readonly kind: Kind }>;

/** Receives every event, and reports violations. */
export class Judge {
  readonly #evidence: Evidence;
  readonly #presentations = new Map<string, Presentation[]>();
  readonly #conduct = new Map<string, Conduct>();
  /** Access tokens that an instance's own clock dated, because it had no reply from the storage yet. */
  readonly #misdated = new Set<string>();
  /**
   * When the storage lost something; and when it last had older tokens since, so that any instance may return to them.
   */
  readonly #losses: number[] = [];
  #wentBackAt = Number.NEGATIVE_INFINITY;
  /** How far the clock of the storage was set back in total, and since when. */
  #putBack: { readonly at: number; readonly by: number } | undefined;
  /** When the clock of each place was last set ahead, and by how much. */
  readonly #putAhead = new Map<number, { readonly at: number; readonly by: number }>();
  /** By how much access tokens were dated too late, within the tolerance, because the clock was set during a call. */
  readonly #datedLate = new Map<string, number>();
  /** The refresh token in the storage when it lost everything. */
  #lost: string | undefined;
  /** The sign-in of the tokens in the storage when it last lost some. */
  #lostFamily: number | undefined;
  #newest: string | undefined;
  /** When the storage last returned after it had lost something. */
  #backAt = Number.POSITIVE_INFINITY;
  /** The running instances. */
  readonly #awake = new Set<string>();
  #highestVersion = 0;
  /** The sign-in of the tokens that were written last, unless they were revoked. */
  #family: number | undefined;
  #violation: Violation | undefined;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  get #hasLost(): boolean {
    return this.#losses.length > 0;
  }

  /** Returns the first violation. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  accuse(invariant: Invariant, what: string): void {
    this.#violation ??= { invariant, at: this.#evidence.now(), what };
  }

  hear(event: Event): void {
    switch (event.kind) {
      case 'struck':
        this.#hearFault(event.entry, event.at);
        break;
      case 'writes lost':
        this.#hearLoss(event);
        break;
      case 'over':
        if (event.entry.kind === 'failover' || event.entry.kind === 'data loss') this.#backAt = event.at;
        break;
      case 'started':
        this.#awake.add(event.who);
        break;
      case 'died':
      case 'stands still':
        this.#awake.delete(event.who);
        this.#conductOf(event.who).hinderedAt = event.at;
        if (event.kind === 'stands still' && event.asleep) {
          this.#conductOf(event.who).asleep = { since: event.at, putBack: 0 };
        }
        break;
      case 'goes on':
        this.#awake.add(event.who);
        this.#conductOf(event.who).hinderedAt = event.at;
        this.#conductOf(event.who).wakeUp(event.at);
        break;
      case 'called':
        this.#conductOf(event.who).calls.add(event.at);
        if (event.call === 'close') this.#conductOf(event.who).hinderedAt = event.at;
        break;
      case 'settled':
        this.#hearSettled(event);
        break;
      case 'handed':
        this.#hearHanded(event);
        break;
      case 'hinted':
        this.#conductOf(event.who).hinted = Math.max(this.#conductOf(event.who).hinted, event.version);
        break;
      case 'signed in':
        this.#conductOf(event.who).brought = event.tokens.refreshToken;
        break;
      case 'state':
        if (this.#evidence.parameters.flow === 'service' && event.to.startsWith('expired')) {
          this.accuse('rightful endings', `${event.who} is ${event.to}, though a service can always sign in again.`);
        }
        break;
      case 'storage did':
        this.#hearStorage(event);
        break;
      case 'storage answered':
        this.#hearStorageAnswer(event);
        break;
      case 'storage silent':
        this.#conductOf(event.who).storageFailedAt = event.at;
        break;
      case 'server asked':
        this.#hearRequest(event);
        break;
      case 'server did':
        this.#hearServer(event);
        break;
      case 'answer waits':
        this.#conductOf(event.who).waiting.add(event.request);
        break;
      case 'server answered':
        this.#hearServerAnswer(event);
        break;
      case 'server silent':
        this.#hearSilence(event);
        break;
      case 'server revoked':
        this.#conductOf(event.who).revoking.add(this.#evidence.ledger.familyOf(event.token) ?? event.token);
        break;
      default:
        break;
    }
  }

  /** Checks for things that should have happened but did not. */
  look(): void {
    const now = this.#evidence.now();
    for (const { instance, call, number, since, stoodStill } of this.#evidence.pending()) {
      if (!instance.isAlive || instance.isStandingStill) continue;
      const lasts = now - since - (instance.stoodStill - stoodStill);
      if (lasts > LONGEST_CALL) {
        this.accuse('prompt answers', `${instance.name} has not answered ${call} (${number}) in ${lasts} ms.`);
      }
    }
  }

  /** Whether the server still honours the session, by the record or by what a living instance knows. */
  honours(record: Holding, living: readonly string[]): boolean {
    if (this.#evidence.parameters.flow === 'service') return true;
    return (record.status === 'tokens' && this.#isLive(record.refreshToken)) || living.some((who) => this.#holds(who));
  }

  #isLive(token: string | undefined): boolean {
    return token !== undefined && this.#evidence.ledger.deathOf(token) === undefined;
  }

  /**
   * Whether an instance knows a refresh token that the server would accept, of the sign-in that was written last. An
   * instance with a hint of a version that it never read does not share its tokens, because the version may have been a
   * sign-out.
   */
  #holds(who: string): boolean {
    const { known, gaveUpInVain, hinted, version } = this.#conductOf(who);
    if (known === undefined || gaveUpInVain || hinted > version || !this.#isLive(known)) return false;
    return this.#evidence.ledger.familyOf(known) === this.#family;
  }

  /**
   * Whether an instance may say that the session has ended although it has not. Either it signed out only for itself,
   * and said so. Or the storage lost writes, and an instance that did not know the new tokens used the spent one first.
   */
  excuses(who: string): boolean {
    return this.#conductOf(who).gaveUpInVain || this.#wentBackAt > Number.NEGATIVE_INFINITY;
  }

  #conductOf(who: string): Conduct {
    let conduct = this.#conduct.get(who);
    if (conduct === undefined) {
      conduct = new Conduct();
      this.#conduct.set(who, conduct);
    }
    return conduct;
  }

  #hearFault(entry: Entry, at: number): void {
    if (entry.kind === 'failover' || entry.kind === 'data loss') {
      this.#losses.push(at);
      this.#highestVersion = 0;
    }
    if (entry.kind !== 'clock') return;
    if (entry.instance === undefined) {
      if (entry.by < 0) this.#putBack = { at, by: (this.#putBack?.by ?? 0) - entry.by };
    } else if (entry.by > 0) {
      this.#putAhead.set(entry.instance, { at, by: entry.by });
    } else {
      for (const [who, { asleep }] of this.#conduct) {
        if (asleep !== undefined && placeOf(who) === entry.instance) asleep.putBack -= entry.by;
      }
    }
  }

  #hearLoss({ before, after, at }: Of<'writes lost'>): void {
    if (after.status !== 'absent') this.#wentBackAt = at;
    if (before.status !== 'tokens' || before.refreshToken === undefined) return;
    this.#lostFamily = this.#evidence.ledger.familyOf(before.refreshToken);
    this.#lost = after.status === 'absent' ? before.refreshToken : undefined;
  }

  #hearSettled({ who, call, number, outcome, at }: Of<'settled'>): void {
    if ('error' in outcome && outcome.error === STRANGE_ERROR) {
      this.accuse('known errors', `${who} failed ${call} (${number}) with ${outcome.code}.`);
    }
    const conduct = this.#conductOf(who);
    if (call === 'revoke') conduct.gaveUpInVain = !('done' in outcome);
    if ('code' in outcome && outcome.code === 'not_authenticated') this.#judgeStranger(who, at);
    if (!('done' in outcome)) return;
    if (call === 'signIn') conduct.known = conduct.brought;
    if (call === 'revoke') for (const tokens of conduct.revoking) conduct.revoked.set(tokens, at);
  }

  /** Checks a caller that was told it is not signed in, by an instance that knows only the storage. */
  #judgeStranger(who: string, at: number): void {
    if (at < this.#backAt + PROMPT_RETURN || this.excuses(who)) return;
    const isCalm = ({ hinderedAt, storageFailedAt }: Conduct) =>
      at - Math.max(hinderedAt, storageFailedAt) > STORAGE_TROUBLE;
    for (const other of this.#awake) {
      if (other === who || !this.#holds(other) || !isCalm(this.#conductOf(other))) continue;
      // A later sign-in was not lost: a caller just before it was told the truth.
      if (this.#family !== this.#lostFamily) continue;
      this.accuse(
        'recovery',
        `${who} knows of no sign-in, ${at - this.#backAt} ms after the storage lost it; ${other} does.`,
      );
    }
  }

  #hearHanded({ who, token, asked, at }: Of<'handed'>): void {
    const { ledger, parameters } = this.#evidence;
    const conduct = this.#conductOf(who);
    const issued = ledger.expiryOf(token);
    if (issued === undefined) {
      this.accuse('living tokens', `${who} hands out ${token}, which nobody issued.`);
      return;
    }
    const revokedAt = conduct.revoked.get(ledger.familyOf(token) ?? token);
    if (revokedAt !== undefined && asked > revokedAt) {
      this.accuse('no tokens of a revoked session', `${who} hands out ${token}, of a session that it has revoked.`);
    }
    const drift = Math.abs(parameters.clocks[placeOf(who)]?.fast ?? 0) / 1_000_000;
    const late = ledger.now - issued;
    const datedLate = this.#datedLate.get(token) ?? 0;
    const allowance = conduct.roundTrip + drift * (at - (conduct.heardAt ?? 0)) + datedLate + 2;
    const life = parameters.accessTokenLifetime * 1_000;
    const age = ledger.now - (issued - life);
    const extra = this.#extraLife(token, conduct, issued - life, at) + conduct.hiddenSince(at - age);
    if (late < allowance + extra || this.#misdated.has(token)) return;
    this.accuse('living tokens', `${who} hands out ${token}, which had expired ${late} ms before.`);
  }

  /**
   * Returns how much longer than its lifetime a token may be served by an instance that read it in the storage, if the
   * storage's clock was set back since. It looked younger by that much, but not younger than new.
   */
  #extraLife(token: string, { read }: Conduct, issuedAt: number, at: number): number {
    const { ledger } = this.#evidence;
    const [readAt, putBack] = [read.get(token), this.#putBack];
    if (readAt === undefined || putBack === undefined) return 0;
    const dateOf = (moment: number) => ledger.now - (at - moment);
    if (dateOf(putBack.at) <= issuedAt) return 0;
    return Math.max(0, Math.min(putBack.by, dateOf(readAt) + CLOCK_TOLERANCE - issuedAt));
  }

  #hearStorage(event: Of<'storage did'>): void {
    const { who, at, call, record, outcome, version, after, question } = event;
    const conduct = this.#conductOf(who);
    conduct.questions.add(at);
    if (conduct.questions.count > QUESTIONS_AN_HOUR + FOR_EACH_CALL * conduct.calls.count) {
      this.accuse('moderation', `${who} has asked the storage ${conduct.questions.count} times within an hour.`);
    }
    if (record !== SESSION) return;
    if (version > 0 && version < this.#highestVersion) {
      this.accuse('no way back', `Version ${version} comes after version ${this.#highestVersion}.`);
    }
    this.#highestVersion = Math.max(this.#highestVersion, version);
    conduct.answers.set(question, { version, holding: after });
    if (call === 'lease' && outcome.startsWith('granted')) {
      conduct.lease = { at, holding: after, abandoned: outcome !== 'granted' };
    }
    if (call === 'restore' && outcome === 'restored') this.#judgeWriter(event, conduct);
    // The commit that changed the record also ended any lease on it.
    if ((call === 'release' && outcome === 'done') || (call === 'lease' && outcome === 'moved'))
      conduct.lease = undefined;
    if (call !== 'commit') return;
    if (outcome === 'committed') this.#hearCommit(event, conduct);
    else conduct.hinderedAt = at;
  }

  /** Checks that after a loss in the storage, an instance that knows newer tokens does not write older ones. */
  #judgeWriter({ who, at, version, after, call }: Of<'storage did'>, conduct: Conduct): void {
    const { ledger } = this.#evidence;
    if (call === 'restore' && version < conduct.version) {
      this.accuse('no way back', `${who} offers version ${version}, though it knows of version ${conduct.version}.`);
    }
    if (after.status !== 'tokens' || after.refreshToken === undefined) return;
    if (ledger.isAncestor(after.refreshToken, conduct.known ?? '')) {
      this.accuse('no way back', `${who} writes ${after.refreshToken}, though it knows of ${conduct.known}.`);
    }
    // It did not know of newer ones, and now any instance may use a spent token.
    if (ledger.isAncestor(after.refreshToken, this.#newest ?? '')) this.#wentBackAt = at;
    else this.#newest = after.refreshToken;
  }

  #hearCommit(event: Of<'storage did'>, conduct: Conduct): void {
    const { who, at, before, after } = event;
    const { ledger } = this.#evidence;
    this.#judgeWriter(event, conduct);
    conduct.lease = undefined;
    conduct.knowsOfAbandonment = false;
    if (after.status === 'revoked') this.#family = undefined;
    if (after.status === 'expired') this.#judgeEnding(who, before, after.cause, conduct);
    if (after.status !== 'tokens') return;
    for (const presentation of [...this.#presentations.values()].flat()) {
      if (presentation.who === who) presentation.storedAt ??= at;
    }
    if (after.refreshToken !== undefined) this.#family = ledger.familyOf(after.refreshToken);
    if (before.status !== 'tokens') return;
    const isOlder =
      before.refreshToken === after.refreshToken
        ? ledger.wasIssuedBefore(after.accessToken, before.accessToken)
        : after.refreshToken !== undefined && ledger.isAncestor(after.refreshToken, before.refreshToken ?? '');
    if (isOlder) this.accuse('no way back', `${who} replaces ${before.accessToken} by ${after.accessToken}.`);
  }

  #judgeEnding(who: string, before: Holding, cause: string, conduct: Conduct): void {
    const { ledger, parameters } = this.#evidence;
    const replaced = before.status === 'tokens' ? before.refreshToken : undefined;
    for (const token of [conduct.refused, replaced]) {
      if (token === undefined || ledger.deathOf(token) !== undefined) continue;
      // A failover may restore a sign-in that another one had replaced, and then its end is right.
      const isOfTheSignIn = ledger.familyOf(token) === ledger.familyOf(conduct.refused ?? token);
      if (this.#hasLost && !isOfTheSignIn) continue;
      this.accuse('rightful endings', `${who} ends the session, though the server would take ${token}.`);
    }
    const refused = conduct.refused ?? '';
    if (cause === 'refresh_interrupted' && !conduct.suspected.has(refused)) {
      this.accuse('honest causes', `${who} says ${cause}, though no answer to ${refused} was lost.`);
    }
    // The storage may have failed to report it.
    const storageFailed = this.#evidence.now() - conduct.storageFailedAt < STORAGE_TROUBLE;
    const isHidden = this.#hasLost || storageFailed || parameters.onStorageUnavailable === 'request';
    const wasLost = conduct.suspected.has(refused) || (conduct.refusedAsSpent && !isHidden);
    if (cause === 'refresh_token_rejected' && wasLost) {
      this.accuse('honest causes', `${who} says ${cause}, though an answer to ${refused} was lost.`);
    }
  }

  #hearStorageAnswer({ who, at, asked, question, call, record }: Of<'storage answered'>): void {
    const conduct = this.#conductOf(who);
    const answer = conduct.answers.get(question);
    conduct.answers.delete(question);
    if (record !== SESSION || call === 'renew' || call === 'release') return;
    const putAhead = this.#putAhead.get(placeOf(who));
    const isMidway = putAhead !== undefined && putAhead.at >= asked && putAhead.by <= CLOCK_TOLERANCE;
    conduct.datesLate = isMidway ? putAhead.by : 0;
    conduct.roundTrip = at - asked;
    conduct.heardAt = at;
    if (call === 'lease') conduct.knowsOfAbandonment = conduct.lease?.abandoned === true;
    if (answer?.holding.status !== 'tokens') return;
    conduct.known = answer.holding.refreshToken ?? conduct.known;
    if (!conduct.read.has(answer.holding.accessToken)) conduct.read.set(answer.holding.accessToken, at);
    // Newer tokens, from any instance, mean that nothing was lost.
    if (answer.version > conduct.version) conduct.suspected.clear();
    conduct.version = Math.max(conduct.version, answer.version);
    // Permanently, because while the server asks to back off, the lease may be released before the token is presented.
    const isTold = call === 'lease' && conduct.knowsOfAbandonment;
    if (isTold && conduct.known !== undefined) conduct.suspected.add(conduct.known);
  }

  #hearRequest({ who, at, request, presented }: Of<'server asked'>): void {
    const { lease, knowsOfAbandonment, storageFailedAt, sent, suspected } = this.#conductOf(who);
    sent.set(request, { at, who, presented, lease, storageFailedAt });
    if (knowsOfAbandonment && presented !== undefined) suspected.add(presented);
  }

  #hearServer({ who, at, request, grant, presented, outcome }: Of<'server did'>): void {
    const conduct = this.#conductOf(who);
    conduct.requests.add(at);
    if (conduct.requests.count > REQUESTS_AN_HOUR + FOR_EACH_CALL * conduct.calls.count) {
      this.accuse('moderation', `${who} has made ${conduct.requests.count} requests within an hour.`);
    }
    const sending = conduct.sent.get(request);
    if (sending === undefined) return;
    const isGivenUp = conduct.givenUp.has(request);
    const tokens = typeof outcome === 'object' ? outcome : undefined;
    const presentation: Presentation | undefined =
      tokens?.refreshToken === undefined
        ? undefined
        : { at: sending.at, leasedAt: sending.lease?.at, who, bought: tokens.refreshToken, isGivenUp };
    conduct.asked.set(request, { outcome, presented, tokens, presentation });
    if (presented === undefined) return;
    // A code belongs to its own user, and needs no lease.
    if (grant === 'refresh_token') this.#judgeLease(sending, presented);
    const presentations = this.#presentations.get(presented) ?? [];
    // If it arrives after the instance stopped waiting, others followed it, not the other way round.
    const isJudged = !isGivenUp && (tokens !== undefined || outcome === 'spent' || outcome === 'revoked');
    const unexcused = isJudged && presentations.find((earlier) => !this.#mayRepeat(earlier, sending));
    if (unexcused) {
      const what = `${who} presents ${presented}, for which ${unexcused.who} had bought ${unexcused.bought}.`;
      this.accuse('one presentation', what);
    }
    if (presentation === undefined) return;
    presentations.push(presentation);
    this.#presentations.set(presented, presentations);
  }

  #judgeLease({ who, at, lease, storageFailedAt }: Sending, presented: string): void {
    const { ledger, parameters } = this.#evidence;
    if (parameters.onStorageUnavailable === 'request' && at - storageFailedAt < STORAGE_TROUBLE) return;
    if (lease === undefined) {
      this.accuse('the newest token', `${who} presents ${presented} without a lease.`);
      return;
    }
    if (lease.holding.status !== 'tokens') return;
    const { refreshToken } = lease.holding;
    if (refreshToken === undefined || !ledger.isAncestor(presented, refreshToken)) return;
    this.accuse('the newest token', `${who} presents ${presented}, though the record has ${refreshToken}.`);
  }

  /** Whether a refresh token may be presented although it returned another one before. */
  #mayRepeat(earlier: Presentation, { who, at, presented, lease, storageFailedAt }: Sending): boolean {
    if (isCode(presented)) return earlier.isGivenUp;
    const { parameters } = this.#evidence;
    const presenter = this.#conductOf(earlier.who);
    const failed = Math.max(storageFailedAt, presenter.storageFailedAt);
    if (parameters.onStorageUnavailable === 'request' && earlier.at - failed < STORAGE_TROUBLE) return true;
    if (this.#wentBackAt > earlier.at - STORAGE_TROUBLE) return true;
    // A lease that is lost is granted to another instance.
    if (this.#losses.some((at) => Math.abs(at - earlier.at) < STORAGE_TROUBLE)) return true;
    if (this.#diedWithItsHolders(earlier.bought)) return true;
    if (earlier.storedAt !== undefined) return (lease?.at ?? at) < earlier.storedAt;
    if (earlier.isGivenUp) return true;
    if (earlier.who === who) return false;
    if ((lease?.at ?? at) - (earlier.leasedAt ?? earlier.at) < LONGEST_REQUEST) return false;
    if (earlier.answeredAt === undefined) return true;
    const hinderedAt = Math.max(presenter.hinderedAt, presenter.storageFailedAt);
    return hinderedAt >= earlier.at - STORAGE_TROUBLE || at - earlier.answeredAt < PROMPT_COMMIT;
  }

  /**
   * Whether the storage lost a refresh token, or its successors, and the instances that knew it died before they wrote
   * it.
   */
  #diedWithItsHolders(bought: string): boolean {
    const lost = this.#lost;
    const { ledger } = this.#evidence;
    if (lost === undefined || (lost !== bought && !ledger.isAncestor(bought, lost))) return false;
    return [...this.#conduct].every(([who, { known, hinderedAt }]) => {
      if (known === undefined || (known !== lost && !ledger.isAncestor(lost, known))) return true;
      return !this.#awake.has(who) && hinderedAt < this.#backAt + PROMPT_RETURN;
    });
  }

  #hearServerAnswer({ who, at, request, status }: Of<'server answered'>): void {
    const conduct = this.#conductOf(who);
    const asked = conduct.asked.get(request);
    if (asked === undefined) return;
    const { outcome, tokens, presented, presentation } = asked;
    if (status === 400 && !isCode(presented)) {
      conduct.refused = presented;
      conduct.refusedAsSpent = outcome === 'spent';
    }
    if (presentation !== undefined) presentation.answeredAt = at;
    if (tokens === undefined) return;
    conduct.hinted = 0;
    if (conduct.heardAt === undefined) this.#misdated.add(tokens.accessToken);
    if (conduct.datesLate > 0) this.#datedLate.set(tokens.accessToken, conduct.datesLate);
    if (tokens.refreshToken !== undefined) conduct.known = tokens.refreshToken;
  }

  #hearSilence({ who, request, delivery }: Of<'server silent'>): void {
    const conduct = this.#conductOf(who);
    const presented = conduct.sent.get(request)?.presented;
    if (delivery === 'unknown' && presented !== undefined) conduct.suspected.add(presented);
    conduct.givenUp.add(request);
    const presentation = conduct.asked.get(request)?.presentation;
    if (presentation !== undefined) presentation.isGivenUp = true;
    if (!conduct.waiting.has(request)) return;
    this.accuse('answers that arrived', `${who} gives up request ${request}, whose answer it has.`);
  }
}

/** Returns the place of an instance, from the first letter of its name. */
function placeOf(who: string): number {
  return who.charCodeAt(0) - 'a'.charCodeAt(0);
}

function isCode(presented: string | undefined): boolean {
  return presented?.startsWith('code#') === true;
}
