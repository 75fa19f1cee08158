import type { Event, Holding } from './history.ts';
import type { IssuedTokens } from './token-ledger.ts';

/** How an instance stood when it sent a request. */
export interface Sending {
  readonly at: number;
  readonly who: string;
  readonly presented: string | undefined;
  readonly lease: Conduct['lease'];
  readonly storageFailedAt: number;
}

/** A request for tokens, as the server got it. */
export interface TokenRequest {
  readonly outcome: Extract<Event, { readonly kind: 'server did' }>['outcome'];
  readonly presented: string | undefined;
  readonly tokens: IssuedTokens | undefined;
  readonly presentation: Presentation | undefined;
}

/** A refresh token that bought another one. */
export interface Presentation {
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
export class Conduct {
  /** The lease that it was granted and did not give back, and what the record held then. */
  lease: { readonly at: number; readonly holding: Holding; readonly abandoned: boolean } | undefined;
  /** Whether it was told that somebody had abandoned the lease before. */
  knowsOfAbandonment = false;
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
  heardAt: number | undefined;
  /** By how much it dates tokens too late, because its clock was put ahead during that question. */
  datesLate = 0;
  /** While its machine sleeps: since when, and by how much its clock was put back meanwhile. */
  asleep: { readonly since: number; putBack: number } | undefined;
  /** The sleeps of which its clocks do not show all, when they were over, and how much is hidden. */
  readonly #hidden: { readonly at: number; readonly time: number }[] = [];
  /** What the storage is about to answer, by question. */
  readonly answers = new Map<number, { readonly version: number; readonly holding: Holding }>();
  /** The highest version that an answer of the storage told it of, and a hint since the server last gave it tokens. */
  version = 0;
  hinted = 0;
  /** The newest refresh token that it has heard of. */
  known: string | undefined;
  readonly sent = new Map<number, Sending>();
  /** Its requests that came to the server. */
  readonly asked = new Map<number, TokenRequest>();
  /** The requests whose answers came while it stood still. */
  readonly waiting = new Set<number>();
  /** The requests whose answers it has given up; some of them come to the server yet. */
  readonly givenUp = new Set<number>();
  /** The refresh token of the sign-in that it was told of last. */
  brought: string | undefined;
  /** When it first read which access token in the record. */
  readonly read = new Map<string, number>();
  /** The sign-ins, or tokens, that it gives up; and since when it has given them up. */
  readonly revoking = new Set<number | string>();
  readonly revoked = new Map<number | string, number>();
  /** Whether it revoked the session last without telling the storage: it has none, and the others may. */
  gaveUpInVain = false;
  readonly requests = new HourlyCount();
  readonly questions = new HourlyCount();
  readonly calls = new HourlyCount();

  wakeUp(at: number): void {
    const { since, putBack } = this.asleep ?? { since: at, putBack: 0 };
    if (putBack > 0) this.#hidden.push({ at, time: Math.min(at - since, putBack) });
    this.asleep = undefined;
  }

  /** How much time its clocks have hidden from it since a moment. */
  hiddenSince(since: number): number {
    return this.#hidden.reduce((sum, { at, time }) => (at >= since ? sum + time : sum), 0);
  }
}

const HOUR = 3_600_000;

/** How often something happened since the hour began. */
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
