import type { Behaviour } from './behaviour.ts';
import { type EventOf, type Evidence, type Fleet, type Report, STORAGE_TROUBLE } from './fleet.ts';
import { type Holding, SESSION } from './history.ts';

/** Checks what instances write: no older tokens, and no wrong ending. */
export class RecordRules {
  readonly #fleet: Fleet;
  readonly #now: Evidence['now'];
  readonly #report: Report;
  #highestVersion = 0;
  #newest: string | undefined;

  constructor(fleet: Fleet, now: Evidence['now'], report: Report) {
    this.#fleet = fleet;
    this.#now = now;
    this.#report = report;
  }

  /** Notes that the storage may have lost writes. */
  observeLoss(at: number): void {
    this.#fleet.losses.push(at);
    this.#highestVersion = 0;
  }

  /** Observes a call that the storage has handled; returns whether it wrote the session's record. */
  observeStorage(event: EventOf<'storage did'>): boolean {
    const { who, at, call, record, outcome, version, after, question } = event;
    if (record !== SESSION) return false;
    const behaviour = this.#fleet.behaviourOf(who);
    if (version > 0 && version < this.#highestVersion) {
      this.#report('no way back', `Version ${version} comes after version ${this.#highestVersion}.`);
    }
    this.#highestVersion = Math.max(this.#highestVersion, version);
    const isGranted = call === 'lease' && outcome.startsWith('granted');
    const followsAbandoned = isGranted && outcome !== 'granted';
    behaviour.answers.set(question, { version, holding: after, followsAbandoned });
    if (isGranted) behaviour.lease = { at, holding: after };
    if (call === 'restore' && outcome === 'restored') this.#checkWriter(event, behaviour);
    // The commit that changed the record also ended any lease on it.
    if ((call === 'release' && outcome === 'done') || (call === 'lease' && outcome === 'moved'))
      behaviour.lease = undefined;
    if (call !== 'commit') return false;
    if (outcome === 'committed') this.#observeCommit(event, behaviour);
    else behaviour.hinderedAt = at;
    return outcome === 'committed' && after.status === 'tokens';
  }

  #observeCommit(event: EventOf<'storage did'>, behaviour: Behaviour): void {
    const { who, before, after } = event;
    const { ledger } = this.#fleet;
    this.#checkWriter(event, behaviour);
    behaviour.lease = undefined;
    behaviour.knowsOfAbandonment = false;
    if (after.status === 'revoked') this.#fleet.family = undefined;
    if (after.status === 'expired') this.#checkEnding(who, before, after.cause, behaviour);
    if (after.status !== 'tokens') return;
    if (after.refreshToken !== undefined) this.#fleet.family = ledger.familyOf(after.refreshToken);
    if (before.status !== 'tokens') return;
    const isOlder =
      before.refreshToken === after.refreshToken
        ? ledger.wasIssuedBefore(after.accessToken, before.accessToken)
        : after.refreshToken !== undefined && ledger.isAncestor(after.refreshToken, before.refreshToken ?? '');
    if (isOlder) this.#report('no way back', `${who} replaces ${before.accessToken} by ${after.accessToken}.`);
  }

  /** Checks that after a loss in the storage, an instance that knows newer tokens does not write older ones. */
  #checkWriter({ who, at, version, after, call }: EventOf<'storage did'>, behaviour: Behaviour): void {
    const { ledger } = this.#fleet;
    if (call === 'restore' && version < behaviour.version) {
      this.#report('no way back', `${who} offers version ${version}, though it knows of version ${behaviour.version}.`);
    }
    if (after.status !== 'tokens' || after.refreshToken === undefined) return;
    if (ledger.isAncestor(after.refreshToken, behaviour.known ?? '')) {
      this.#report('no way back', `${who} writes ${after.refreshToken}, though it knows of ${behaviour.known}.`);
    }
    // It did not know of newer ones, and now any instance may use a spent token.
    if (ledger.isAncestor(after.refreshToken, this.#newest ?? '')) this.#fleet.wentBackAt = at;
    else this.#newest = after.refreshToken;
  }

  #checkEnding(who: string, before: Holding, cause: string, behaviour: Behaviour): void {
    const { ledger, parameters, losses } = this.#fleet;
    const hasLost = losses.length > 0;
    const replaced = before.status === 'tokens' ? before.refreshToken : undefined;
    for (const token of [behaviour.refused, replaced]) {
      if (token === undefined || ledger.deathOf(token) !== undefined) continue;
      // A failover may restore a sign-in that another one had replaced, and then its end is right.
      const isOfTheSignIn = ledger.familyOf(token) === ledger.familyOf(behaviour.refused ?? token);
      if (hasLost && !isOfTheSignIn) continue;
      this.#report('rightful endings', `${who} ends the session, though the server would accept ${token}.`);
    }
    const refused = behaviour.refused ?? '';
    if (cause === 'refresh_interrupted' && !behaviour.suspected.has(refused)) {
      this.#report('honest causes', `${who} says ${cause}, though no response to ${refused} was lost.`);
    }
    // The storage may have failed to report it.
    const storageFailed = this.#now() - behaviour.storageFailedAt < STORAGE_TROUBLE;
    const isHidden = hasLost || storageFailed || parameters.onStorageUnavailable === 'request';
    const wasLost = behaviour.suspected.has(refused) || (behaviour.refusedAsSpent && !isHidden);
    if (cause === 'refresh_token_rejected' && wasLost) {
      this.#report('honest causes', `${who} says ${cause}, though a response to ${refused} was lost.`);
    }
  }
}
