import type { Event, Holding } from './history.ts';
import type { IssuedTokens } from './token-ledger.ts';

/** The state of an instance when it sent a request. */
export interface Sending {
  readonly at: number;
  readonly who: string;
  readonly presented: string | undefined;
  readonly lease: Behaviour['lease'];
  readonly storageFailedAt: number;
}

/** A request for tokens, as the server received it. */
export interface TokenRequest {
  readonly outcome: Extract<Event, { readonly kind: 'server did' }>['outcome'];
  readonly presented: string | undefined;
  readonly tokens: IssuedTokens | undefined;
  readonly presentation: Presentation | undefined;
}

/** A use of a refresh token that returned another one. */
export interface Presentation {
  /** When it was sent. */
  readonly at: number;
  /** When the lease for it was granted. */
  readonly leasedAt: number | undefined;
  readonly who: string;
  readonly obtained: string;
  /** Whether the instance stopped waiting for its response. */
  isGivenUp: boolean;
  /** When its response reached the instance. */
  answeredAt?: number;
  /** When its new tokens were in the storage. */
  storedAt?: number;
}

/** The facts about one instance. */
export class Behaviour {
  /** The lease that it was granted and has not released, and the contents of the record then. */
  lease: { readonly at: number; readonly holding: Holding } | undefined;
  /** Whether it was told that an earlier lease was abandoned. */
  knowsOfAbandonment = false;
  storageFailedAt = Number.NEGATIVE_INFINITY;
  /** When it last died, was suspended, began to close, or had a commit rejected. */
  hinderedAt = Number.NEGATIVE_INFINITY;
  /** The refresh token that the server last rejected, and whether because it was spent. */
  refused: string | undefined;
  refusedAsSpent = false;
  /** The refresh tokens that it presented without a response, or after an abandoned lease. */
  readonly suspected = new Set<string>();
  /**
   * How long its last call to the storage took, and when the reply came: this limits how well it knows the storage's
   * time.
   */
  roundTrip = 0;
  repliedAt: number | undefined;
  /** By how much it dates tokens too late, because its clock was set ahead during that call. */
  datesLate = 0;
  /** While its machine sleeps: since when, and by how much its clock was set back meanwhile. */
  asleep: { readonly since: number; setBack: number } | undefined;
  /** The sleeps that its clocks do not fully show: when they ended, and how much time is hidden. */
  readonly #hidden: { readonly at: number; readonly time: number }[] = [];
  /** The storage's pending replies, by call; `followsAbandoned`: it grants a lease after an abandoned one. */
  readonly answers = new Map<
    number,
    { readonly version: number; readonly holding: Holding; readonly followsAbandoned: boolean }
  >();
  /** The highest version in a reply of the storage, and in a hint since the server last issued tokens to it. */
  version = 0;
  hinted = 0;
  /** The highest hinted version of the session's record that it has not read, and since when there is one. */
  outdated: { readonly since: number; readonly version: number } | undefined;
  /** The newest refresh token that it knows. */
  known: string | undefined;
  readonly sent = new Map<number, Sending>();
  /** Its requests that reached the server. */
  readonly asked = new Map<number, TokenRequest>();
  /** The requests with responses that arrived while it was suspended. */
  readonly waiting = new Set<number>();
  /** The requests that it no longer waits for; some may still reach the server. */
  readonly givenUp = new Set<number>();
  /** The refresh token of the last sign-in that it was given. */
  imported: string | undefined;
  /** When it first read each access token in the record. */
  readonly read = new Map<string, number>();
  /** The sign-ins, or tokens, that it is revoking, and when it revoked them. */
  readonly revoking = new Set<number | string>();
  readonly revoked = new Map<number | string, number>();
  /** Whether it last revoked the session without telling the storage: it has none, and the others may. */
  revokedInVain = false;
  readonly requests = new HourlyCount();
  readonly storageCalls = new HourlyCount();
  readonly calls = new HourlyCount();

  wakeUp(at: number): void {
    const { since, setBack } = this.asleep ?? { since: at, setBack: 0 };
    if (setBack > 0) this.#hidden.push({ at, time: Math.min(at - since, setBack) });
    this.asleep = undefined;
  }

  /** Returns how much time its clocks have hidden from it since a moment. */
  hiddenSince(since: number): number {
    return this.#hidden.reduce((sum, { at, time }) => (at >= since ? sum + time : sum), 0);
  }
}

const HOUR = 3_600_000;

/** Counts events since the hour began. */
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
