import { type PendingCall, STRANGE_ERROR } from './application.ts';
import { type Event, type Holding, SESSION } from './history.ts';
import type { Parameters } from './plan.ts';
import type { IssuedTokens, TokenLedger } from './token-ledger.ts';

/** What must hold in every run. */
export const invariants = {
  'one presentation':
    'A refresh token that bought a new one is not presented again, unless its new tokens may never have reached the storage: the answer was lost, the instance died or stood still or was closed, or the storage failed.',
  'the newest token':
    'Whoever presents a refresh token does so under a lease, and the record on which the lease was granted holds no newer one; only sessions that may go on without the storage go on without a lease.',
  'no way back':
    'No commit replaces tokens by older ones, and no version of a record is below one that was there before; a failover may take versions back.',
  'rightful endings':
    'A session ends only when the server would refuse its refresh token for good, and that of the record which the ending replaces; a service never ends.',
  'honest causes':
    'An ending blames a lost answer exactly if one was lost to the refresh token that was refused, to whomever.',
  'living tokens':
    'Nobody gets a token that had expired when it was handed out, as far as the session can know the time; except those who waited when the server gave it.',
  'no tokens of a revoked session': 'Whoever revoked a session hands out none of its tokens afterwards.',
  'known errors': 'A call fails with an error of this project, or with the reason of its own abortion.',
  'prompt answers': 'Every call is answered within a bounded time.',
  moderation: 'In an hour, an instance asks the server and the storage a bounded number of times.',
  recovery:
    'A few minutes after the last fault everybody has a token that the API accepts if the server still honours the session, and says otherwise that it is over.',
  'nothing unhandled': 'No promise is rejected that nobody handles, and time does not stand still.',
} as const;

export type Invariant = keyof typeof invariants;

export interface Violation {
  readonly invariant: Invariant;
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly what: string;
}

/** How long a call may take besides the time for which its instance stood still, in milliseconds. */
const LONGEST_CALL = 15 * 60_000;

/** For so long at least a lease keeps others from asking, in milliseconds: longer than any request may take. */
const LONGEST_REQUEST = 25_000;

/** How long after its own answer an instance that nothing hinders has its tokens in the storage. */
const PROMPT_COMMIT = 60_000;

/** So many requests an hour, and so many questions to the storage, besides those for each call of the application. */
const REQUESTS_AN_HOUR = 250;
const QUESTIONS_AN_HOUR = 4_000;
const FOR_EACH_CALL = 20;

const HOUR = 3_600_000;

/** The time in which a storage that failed may be the reason why a session goes on without it, in milliseconds. */
const STORAGE_TROUBLE = 10 * 60_000;

/** How an instance stood when it sent a request. */
interface Sending {
  readonly at: number;
  readonly who: string;
  readonly presented: string | undefined;
  readonly lease: Conduct['lease'];
  readonly storageFailedAt: number;
}

/** A request for tokens, as the server got it. */
interface TokenRequest {
  readonly outcome: Of<'server did'>['outcome'];
  readonly presented: string | undefined;
  readonly tokens: IssuedTokens | undefined;
  readonly presentation: Presentation | undefined;
}

/** A refresh token that bought another one. */
interface Presentation {
  /** When it was sent. */
  readonly at: number;
  /** When the lease for it was granted. */
  readonly leasedAt: number | undefined;
  readonly who: string;
  readonly bought: string;
  /** Whether its answer was given up. */
  isGivenUp: boolean;
  /** When its answer reached the one who presented. */
  answeredAt?: number;
  /** When what it bought was in the storage. */
  storedAt?: number;
}

/** What is known of one instance. */
class Conduct {
  /** The lease that it was granted and did not give back, and what the record held then. */
  lease: { readonly at: number; readonly holding: Holding; readonly abandoned: boolean } | undefined;
  storageFailedAt = Number.NEGATIVE_INFINITY;
  /** When it last died, stood still, began to close, or found its commit refused. */
  hinderedAt = Number.NEGATIVE_INFINITY;
  /** The refresh token that the server refused to it last, and whether because it was spent. */
  refused: string | undefined;
  refusedAsSpent = false;
  /** The refresh tokens that it presented without an answer, or under a lease that somebody had abandoned. */
  readonly suspected = new Set<string>();
  /** How long its last question to the storage took, and when it was answered: so well it knows the storage's time. */
  roundTrip = 0;
  heardAt = 0;
  /** What the storage is about to answer, by question. */
  readonly answers = new Map<number, { readonly version: number; readonly holding: Holding }>();
  /** The highest version that it has heard of. */
  version = 0;
  /** The newest refresh token that it has heard of. */
  known: string | undefined;
  readonly sent = new Map<number, Sending>();
  /** Its requests that came to the server. */
  readonly asked = new Map<number, TokenRequest>();
  /** The requests whose answers it has given up; some of them come to the server yet. */
  readonly givenUp = new Set<number>();
  /** The refresh token of the sign-in that it was told of last. */
  brought: string | undefined;
  /** When it got which access token from the server itself. */
  readonly received = new Map<string, number>();
  /** The sign-ins, or tokens, that it gives up; and since when it has given them up. */
  readonly revoking = new Set<number | string>();
  readonly revoked = new Map<number | string, number>();
  /** Whether it revoked the session last without telling the storage: it has none, and the others may. */
  gaveUpInVain = false;
  readonly requests = new HourlyCount();
  readonly questions = new HourlyCount();
  readonly calls = new HourlyCount();
}

class HourlyCount {
  #hour = 0;
  count = 0;

  add(at: number): void {
    const hour = Math.floor(at / HOUR);
    if (hour !== this.#hour) this.count = 0;
    this.#hour = hour;
    this.count += 1;
  }
}

/** What a judge may look at besides the events. */
export interface Evidence {
  readonly ledger: TokenLedger;
  readonly parameters: Parameters;
  /** Milliseconds since the beginning. */
  now(): number;
  pending(): Iterable<PendingCall>;
}

type Of<Kind extends Event['kind']> = Extract<Event, { readonly kind: Kind }>;

/** Hears every event, and says what does not hold. */
export class Judge {
  readonly #evidence: Evidence;
  readonly #presentations = new Map<string, Presentation[]>();
  readonly #conduct = new Map<string, Conduct>();
  #failedOverAt = Number.NEGATIVE_INFINITY;
  #hasLostWrites = false;
  #highestVersion = 0;
  /** The sign-in whose tokens were written last, unless they were revoked. */
  #family: number | undefined;
  #violation: Violation | undefined;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  get #hasFailedOver(): boolean {
    return this.#failedOverAt > Number.NEGATIVE_INFINITY;
  }

  /** The first that was found. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  accuse(invariant: Invariant, what: string): void {
    this.#violation ??= { invariant, at: this.#evidence.now(), what };
  }

  hear(event: Event): void {
    switch (event.kind) {
      case 'struck':
        if (event.entry.kind === 'failover') this.#hearFailover(event.at);
        break;
      case 'writes lost':
        this.#hasLostWrites = true;
        break;
      case 'died':
      case 'stands still':
      case 'goes on':
        this.#conductOf(event.who).hinderedAt = event.at;
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

  /** Looks for what shows by not happening. */
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

  /** Whether the server still honours the session: by the record, or by what an instance that lives has heard of it. */
  honours(record: Holding, living: readonly string[]): boolean {
    const { ledger, parameters } = this.#evidence;
    if (parameters.flow === 'service') return true;
    const isLive = (token: string | undefined) => token !== undefined && ledger.deathOf(token) === undefined;
    if (record.status === 'tokens' && isLive(record.refreshToken)) return true;
    return living.some((who) => {
      const { known, gaveUpInVain } = this.#conductOf(who);
      return known !== undefined && !gaveUpInVain && isLive(known) && ledger.familyOf(known) === this.#family;
    });
  }

  /**
   * Whether an instance may say that the session is over although it is not: because it signed out for itself alone,
   * and said so; or because the storage lost what was written, and one that had not known it met the spent token first.
   */
  excuses(who: string): boolean {
    return this.#conductOf(who).gaveUpInVain || this.#hasLostWrites;
  }

  #conductOf(who: string): Conduct {
    let conduct = this.#conduct.get(who);
    if (conduct === undefined) {
      conduct = new Conduct();
      this.#conduct.set(who, conduct);
    }
    return conduct;
  }

  #hearFailover(at: number): void {
    this.#failedOverAt = at;
    this.#highestVersion = 0;
  }

  #hearSettled({ who, call, number, outcome, at }: Of<'settled'>): void {
    if ('error' in outcome && outcome.error === STRANGE_ERROR) {
      this.accuse('known errors', `${who} failed ${call} (${number}) with ${outcome.code}.`);
    }
    const conduct = this.#conductOf(who);
    if (call === 'revoke') conduct.gaveUpInVain = !('done' in outcome);
    if (!('done' in outcome)) return;
    if (call === 'signIn') conduct.known = conduct.brought;
    if (call === 'revoke') for (const tokens of conduct.revoking) conduct.revoked.set(tokens, at);
  }

  #hearHanded({ who, token, asked, at }: Of<'handed'>): void {
    const { ledger, parameters } = this.#evidence;
    const conduct = this.#conductOf(who);
    const issued = ledger.expiryOf(token);
    if (issued === undefined) return this.accuse('living tokens', `${who} hands out ${token}, which nobody issued.`);
    const revokedAt = conduct.revoked.get(ledger.familyOf(token) ?? token);
    if (revokedAt !== undefined && asked > revokedAt) {
      this.accuse('no tokens of a revoked session', `${who} hands out ${token}, of a session that it has revoked.`);
    }
    const place = who.charCodeAt(0) - 'a'.charCodeAt(0);
    const drift = Math.abs(parameters.clocks[place]?.fast ?? 0) / 1_000_000;
    const late = ledger.now - issued;
    const allowance = conduct.roundTrip + drift * (at - conduct.heardAt) + 2;
    const waitedForIt = asked <= (conduct.received.get(token) ?? Number.NEGATIVE_INFINITY);
    if (late < allowance || waitedForIt) return;
    this.accuse('living tokens', `${who} hands out ${token}, which had expired ${late} ms before.`);
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
    if (call === 'release' && outcome === 'done') conduct.lease = undefined;
    if (call !== 'commit') return;
    if (outcome === 'committed') this.#hearCommit(event, conduct);
    else conduct.hinderedAt = at;
  }

  #hearCommit({ who, at, before, after }: Of<'storage did'>, conduct: Conduct): void {
    const { ledger } = this.#evidence;
    conduct.lease = undefined;
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
      // What a failover brought back may be of a sign-in that another one had replaced, and then it is over with that.
      const isOfTheSignIn = ledger.familyOf(token) === ledger.familyOf(conduct.refused ?? token);
      if (this.#hasFailedOver && !isOfTheSignIn) continue;
      this.accuse('rightful endings', `${who} ends the session, though the server would take ${token}.`);
    }
    const refused = conduct.refused ?? '';
    if (cause === 'refresh_interrupted' && !conduct.suspected.has(refused)) {
      this.accuse('honest causes', `${who} says ${cause}, though no answer to ${refused} was lost.`);
    }
    // The storage may have failed to tell of it.
    const storageFailed = this.#evidence.now() - conduct.storageFailedAt < STORAGE_TROUBLE;
    const isHidden = this.#hasFailedOver || storageFailed || parameters.onStorageUnavailable === 'request';
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
    conduct.roundTrip = at - asked;
    conduct.heardAt = at;
    if (answer?.holding.status !== 'tokens') return;
    conduct.known = answer.holding.refreshToken ?? conduct.known;
    // Newer tokens, whoever got them, mean that nothing was lost.
    if (answer.version > conduct.version) conduct.suspected.clear();
    conduct.version = Math.max(conduct.version, answer.version);
  }

  #hearRequest({ who, at, request, presented }: Of<'server asked'>): void {
    const { lease, storageFailedAt, sent, suspected } = this.#conductOf(who);
    sent.set(request, { at, who, presented, lease, storageFailedAt });
    if (lease?.abandoned && presented !== undefined) suspected.add(presented);
  }

  #hearServer({ who, at, request, presented, outcome }: Of<'server did'>): void {
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
    this.#judgeLease(sending, presented);
    const presentations = this.#presentations.get(presented) ?? [];
    // One that comes so late that its answer was given up was followed by others, and not the other way round.
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
    if (lease === undefined) return this.accuse('the newest token', `${who} presents ${presented} without a lease.`);
    if (lease.holding.status !== 'tokens') return;
    const { refreshToken } = lease.holding;
    if (refreshToken === undefined || !ledger.isAncestor(presented, refreshToken)) return;
    this.accuse('the newest token', `${who} presents ${presented}, though the record has ${refreshToken}.`);
  }

  /** Whether a refresh token may be presented although it bought another one before. */
  #mayRepeat(earlier: Presentation, { who, at, lease, storageFailedAt }: Sending): boolean {
    const { parameters } = this.#evidence;
    const presenter = this.#conductOf(earlier.who);
    const failed = Math.max(storageFailedAt, presenter.storageFailedAt);
    if (parameters.onStorageUnavailable === 'request' && earlier.at - failed < STORAGE_TROUBLE) return true;
    if (this.#failedOverAt > earlier.at - STORAGE_TROUBLE) return true;
    if (earlier.storedAt !== undefined) return (lease?.at ?? at) < earlier.storedAt;
    if (earlier.isGivenUp) return true;
    if (earlier.who === who) return false;
    if ((lease?.at ?? at) - (earlier.leasedAt ?? earlier.at) < LONGEST_REQUEST) return false;
    if (earlier.answeredAt === undefined) return true;
    const hinderedAt = Math.max(presenter.hinderedAt, presenter.storageFailedAt);
    return hinderedAt >= earlier.at - STORAGE_TROUBLE || at - earlier.answeredAt < PROMPT_COMMIT;
  }

  #hearServerAnswer({ who, at, request, status }: Of<'server answered'>): void {
    const conduct = this.#conductOf(who);
    const asked = conduct.asked.get(request);
    if (asked === undefined) return;
    const { outcome, tokens, presented, presentation } = asked;
    if (status === 400) {
      conduct.refused = presented;
      conduct.refusedAsSpent = outcome === 'spent';
    }
    if (presentation !== undefined) presentation.answeredAt = at;
    if (tokens === undefined) return;
    conduct.received.set(tokens.accessToken, at);
    if (tokens.refreshToken !== undefined) conduct.known = tokens.refreshToken;
  }

  #hearSilence({ who, request, delivery }: Of<'server silent'>): void {
    const conduct = this.#conductOf(who);
    const presented = conduct.sent.get(request)?.presented;
    if (delivery === 'unknown' && presented !== undefined) conduct.suspected.add(presented);
    conduct.givenUp.add(request);
    const presentation = conduct.asked.get(request)?.presentation;
    if (presentation !== undefined) presentation.isGivenUp = true;
  }
}
