import type { PendingCall } from './application.ts';
import { Behaviour } from './behaviour.ts';
import type { Event, Holding } from './history.ts';
import type { Invariant } from './invariants.ts';
import type { Parameters } from './plan.ts';
import type { TokenLedger } from './token-ledger.ts';

/** How long a storage failure may be the reason why a session continues without it, in milliseconds. */
export const STORAGE_TROUBLE = 10 * 60_000;

/**
 * How soon instances with tokens in memory must write them after the storage returned without a record, in
 * milliseconds.
 */
const PROMPT_RETURN = 60_000;

/** What the checks may inspect in addition to the events. */
export interface Evidence {
  readonly ledger: TokenLedger;
  readonly parameters: Parameters;
  /** Milliseconds since the beginning. */
  now(): number;
  pending(): Iterable<PendingCall>;
}

export type EventOf<Kind extends Event['kind']> = Extract<Event, { readonly kind: Kind }>;

/** Reports a violation. */
export type Report = (invariant: Invariant, what: string) => void;

/** What the oracle has observed so far: how each instance behaved, and what the storage lost. */
export class Fleet {
  readonly ledger: TokenLedger;
  readonly parameters: Parameters;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly running = new Set<string>();
  /** When the storage lost something. */
  readonly losses: number[] = [];
  /** When the storage last had older tokens since a loss, so that any instance may return to them. */
  wentBackAt = Number.NEGATIVE_INFINITY;
  /** When the storage last returned after it had lost something. */
  #backAt = Number.POSITIVE_INFINITY;
  /** The refresh token in the storage when it lost everything. */
  #lost: string | undefined;
  /** The sign-in of the tokens in the storage when it last lost some. */
  #lostFamily: number | undefined;
  /** The sign-in of the tokens that were written last, unless they were revoked. */
  family: number | undefined;

  constructor({ ledger, parameters }: Evidence) {
    this.ledger = ledger;
    this.parameters = parameters;
  }

  get behaviours(): Iterable<readonly [who: string, behaviour: Behaviour]> {
    return this.#behaviours;
  }

  behaviourOf(who: string): Behaviour {
    let behaviour = this.#behaviours.get(who);
    if (behaviour === undefined) {
      behaviour = new Behaviour();
      this.#behaviours.set(who, behaviour);
    }
    return behaviour;
  }

  observeLoss({ before, after, at }: EventOf<'writes lost'>): void {
    if (after.status !== 'absent') this.wentBackAt = at;
    if (before.status !== 'tokens' || before.refreshToken === undefined) return;
    this.#lostFamily = this.ledger.familyOf(before.refreshToken);
    this.#lost = after.status === 'absent' ? before.refreshToken : undefined;
  }

  observeReturn(at: number): void {
    this.#backAt = at;
  }

  /** Whether the server still honours the session, by the record or by what a living instance knows. */
  honours(record: Holding, living: readonly string[]): boolean {
    if (this.parameters.flow === 'service') return true;
    return (record.status === 'tokens' && this.#isLive(record.refreshToken)) || living.some((who) => this.#holds(who));
  }

  /**
   * Whether an instance may say that the session has ended although it has not. Either it signed out only for itself,
   * and said so. Or the storage lost writes, and an instance that did not know the new tokens used the spent one first.
   */
  excuses(who: string): boolean {
    return this.behaviourOf(who).revokedInVain || this.wentBackAt > Number.NEGATIVE_INFINITY;
  }

  /**
   * Whether the storage lost a refresh token, or its successors, and the instances that knew it died before they wrote
   * it.
   */
  diedWithItsHolders(refreshToken: string): boolean {
    const lost = this.#lost;
    if (lost === undefined || (lost !== refreshToken && !this.ledger.isAncestor(refreshToken, lost))) return false;
    return [...this.#behaviours].every(([who, { known, hinderedAt }]) => {
      if (known === undefined || (known !== lost && !this.ledger.isAncestor(lost, known))) return true;
      return !this.running.has(who) && hinderedAt < this.#backAt + PROMPT_RETURN;
    });
  }

  /**
   * Returns how long ago the storage returned without the sign-in, and an instance that should have written it again,
   * when another instance tells a caller that there is none; `undefined` if it tells the truth.
   */
  withheldSignIn(who: string, at: number): { readonly since: number; readonly holder: string } | undefined {
    if (at < this.#backAt + PROMPT_RETURN || this.excuses(who)) return undefined;
    // A later sign-in was not lost: a caller that asked just before it got the right answer.
    if (this.family !== this.#lostFamily) return undefined;
    const isCalm = ({ hinderedAt, storageFailedAt }: Behaviour) =>
      at - Math.max(hinderedAt, storageFailedAt) > STORAGE_TROUBLE;
    const holder = [...this.running].find(
      (other) => other !== who && this.#holds(other) && isCalm(this.behaviourOf(other)),
    );
    return holder === undefined ? undefined : { since: at - this.#backAt, holder };
  }

  #isLive(token: string | undefined): boolean {
    return token !== undefined && this.ledger.deathOf(token) === undefined;
  }

  /**
   * Whether an instance knows a refresh token that the server would accept, of the sign-in that was written last. An
   * instance with a hint of a version that it never read does not share its tokens, because the version may have been a
   * sign-out.
   */
  #holds(who: string): boolean {
    const { known, revokedInVain, hinted, version } = this.behaviourOf(who);
    if (known === undefined || revokedInVain || hinted > version || !this.#isLive(known)) return false;
    return this.ledger.familyOf(known) === this.family;
  }
}

/** Returns the place of an instance, from the first letter of its name. */
export function placeOf(who: string): number {
  return who.charCodeAt(0) - 'a'.charCodeAt(0);
}
