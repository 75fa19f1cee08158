import { UNDOCUMENTED_ERROR } from './application.ts';
import { type EventOf, type Evidence, Fleet } from './fleet.ts';
import type { Event, Holding } from './history.ts';
import type { Invariant, Violation } from './invariants.ts';
import type { Entry } from './plan.ts';
import { PresentationRules } from './presentation-rules.ts';
import { RecordRules } from './record-rules.ts';
import { TokenRules } from './token-rules.ts';

/** How long a call may take, not counting the time for which its instance was suspended, in milliseconds. */
const LONGEST_CALL = 15 * 60_000;

/** The limits of requests and of storage calls per hour, in addition to those for each call of the application. */
const REQUESTS_AN_HOUR = 250;
const STORAGE_CALLS_AN_HOUR = 4_000;
const FOR_EACH_CALL = 20;

/** Observes every event, and reports the first violation. */
export class Oracle {
  readonly #evidence: Evidence;
  readonly #fleet: Fleet;
  readonly #presentations: PresentationRules;
  readonly #record: RecordRules;
  readonly #tokens: TokenRules;
  #violation: Violation | undefined;

  constructor(evidence: Evidence) {
    const report = (invariant: Invariant, what: string) => this.report(invariant, what);
    this.#evidence = evidence;
    this.#fleet = new Fleet(evidence);
    this.#presentations = new PresentationRules(this.#fleet, report);
    this.#record = new RecordRules(this.#fleet, evidence.now, report);
    this.#tokens = new TokenRules(this.#fleet, report);
  }

  /** Returns the first violation. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  report(invariant: Invariant, what: string): void {
    this.#violation ??= { invariant, at: this.#evidence.now(), what };
  }

  /** See {@link Fleet.honours}. */
  honours(record: Holding, living: readonly string[]): boolean {
    return this.#fleet.honours(record, living);
  }

  /** See {@link Fleet.excuses}. */
  excuses(who: string): boolean {
    return this.#fleet.excuses(who);
  }

  observe(event: Event): void {
    switch (event.kind) {
      case 'fault began':
        this.#observeFault(event.entry, event.at);
        break;
      case 'writes lost':
        this.#fleet.observeLoss(event);
        break;
      case 'fault ended':
        if (losesData(event.entry)) this.#fleet.observeReturn(event.at);
        break;
      case 'started':
        this.#fleet.running.add(event.who);
        break;
      case 'died':
      case 'paused': {
        const behaviour = this.#fleet.behaviourOf(event.who);
        this.#fleet.running.delete(event.who);
        behaviour.hinderedAt = event.at;
        if (event.kind === 'paused' && event.asleep) behaviour.asleep = { since: event.at, setBack: 0 };
        break;
      }
      case 'resumed': {
        const behaviour = this.#fleet.behaviourOf(event.who);
        this.#fleet.running.add(event.who);
        behaviour.hinderedAt = event.at;
        behaviour.wakeUp(event.at);
        break;
      }
      case 'called': {
        const behaviour = this.#fleet.behaviourOf(event.who);
        behaviour.calls.add(event.at);
        if (event.call === 'close') behaviour.hinderedAt = event.at;
        break;
      }
      case 'settled':
        this.#observeSettled(event);
        break;
      case 'token returned':
        this.#tokens.observeToken(event);
        break;
      case 'hinted':
        this.#tokens.observeHint(event);
        break;
      case 'signed in':
        this.#fleet.behaviourOf(event.who).imported = event.tokens.refreshToken;
        break;
      case 'state':
        if (this.#fleet.parameters.flow === 'service' && event.to.startsWith('expired')) {
          this.report('rightful endings', `${event.who} is ${event.to}, though a service can always sign in again.`);
        }
        break;
      case 'storage did':
        this.#observeStorage(event);
        break;
      case 'storage answered':
        this.#tokens.observeStorageReply(event);
        break;
      case 'storage silent':
        this.#fleet.behaviourOf(event.who).storageFailedAt = event.at;
        break;
      case 'server asked':
        this.#presentations.observeRequest(event);
        break;
      case 'server did':
        this.#observeServer(event);
        break;
      case 'answer waits':
        this.#fleet.behaviourOf(event.who).waiting.add(event.request);
        break;
      case 'server answered':
        this.#tokens.observeResponse(event);
        break;
      case 'server silent':
        this.#presentations.observeFailure(event);
        break;
      case 'server revoked':
        this.#fleet.behaviourOf(event.who).revoking.add(this.#fleet.ledger.familyOf(event.token) ?? event.token);
        break;
    }
  }

  /** Checks for calls that should have been answered. */
  checkPending(): void {
    const now = this.#evidence.now();
    for (const { instance, call, number, since, pausedFor } of this.#evidence.pending()) {
      if (!instance.isAlive || instance.isPaused) continue;
      const lasts = now - since - (instance.pausedFor - pausedFor);
      if (lasts > LONGEST_CALL) {
        this.report('prompt answers', `${instance.name} has not answered ${call} (${number}) in ${lasts} ms.`);
      }
    }
  }

  #observeFault(entry: Entry, at: number): void {
    if (losesData(entry)) this.#record.observeLoss(at);
    if (entry.kind === 'clock') this.#tokens.observeClock(entry.instance, entry.by, at);
  }

  #observeSettled({ who, call, number, outcome, at }: EventOf<'settled'>): void {
    if ('error' in outcome && outcome.error === UNDOCUMENTED_ERROR) {
      this.report('known errors', `${who} failed ${call} (${number}) with ${outcome.code}.`);
    }
    const behaviour = this.#fleet.behaviourOf(who);
    if (call === 'revoke') behaviour.revokedInVain = !('done' in outcome);
    if ('code' in outcome && outcome.code === 'not_authenticated') {
      const { since, holder } = this.#fleet.withheldSignIn(who, at) ?? {};
      if (holder !== undefined) {
        this.report('recovery', `${who} knows of no sign-in, ${since} ms after the storage lost it; ${holder} does.`);
      }
    }
    if (!('done' in outcome)) return;
    if (call === 'signIn') behaviour.known = behaviour.imported;
    if (call === 'revoke') for (const tokens of behaviour.revoking) behaviour.revoked.set(tokens, at);
  }

  #observeStorage(event: EventOf<'storage did'>): void {
    const { who, at } = event;
    const { storageCalls, calls } = this.#fleet.behaviourOf(who);
    storageCalls.add(at);
    if (storageCalls.count > STORAGE_CALLS_AN_HOUR + FOR_EACH_CALL * calls.count) {
      this.report('moderation', `${who} has called the storage ${storageCalls.count} times within an hour.`);
    }
    if (this.#record.observeStorage(event)) this.#presentations.observeCommit(who, at);
  }

  #observeServer(event: EventOf<'server did'>): void {
    const { who, at } = event;
    const { requests, calls } = this.#fleet.behaviourOf(who);
    requests.add(at);
    if (requests.count > REQUESTS_AN_HOUR + FOR_EACH_CALL * calls.count) {
      this.report('moderation', `${who} has made ${requests.count} requests within an hour.`);
    }
    this.#presentations.observeServer(event);
  }
}

function losesData({ kind }: Entry): boolean {
  return kind === 'failover' || kind === 'data loss';
}
