import type { Entry } from './plan.ts';
import type { DeathOfToken, IssuedTokens } from './token-ledger.ts';

/** The contents of a record, as far as the checks need them. */
export type Holding =
  | { readonly status: 'absent' }
  | { readonly status: 'tokens'; readonly accessToken: string; readonly refreshToken?: string }
  | { readonly status: 'expired'; readonly cause: string }
  | { readonly status: 'revoked' };

/** The record of the only session. */
export const SESSION = 'default';

/** `restore`: a connection offers a record again that the storage may have lost. */
export type StorageCall = 'read' | 'lease' | 'renew' | 'release' | 'commit' | 'due' | 'restore';

/** The outcome of an application's call. */
export type CallOutcome =
  | { readonly token: string; readonly accepted?: boolean }
  | { readonly error: string; readonly code: string }
  /** `url`: where a user signs in. */
  | { readonly done: true; readonly url?: string };

/** What happened. `who`: an instance, such as `a1`; its successor is `a2`. */
export type Occurrence =
  | { readonly kind: 'fault began'; readonly entry: Entry }
  | { readonly kind: 'fault ended'; readonly entry: Entry }
  /** The storage returned to an earlier state, or is empty. */
  | { readonly kind: 'writes lost'; readonly before: Holding; readonly after: Holding }
  | { readonly kind: 'started' | 'died' | 'resumed'; readonly who: string }
  | { readonly kind: 'paused'; readonly who: string; readonly asleep: boolean }
  | { readonly kind: 'called'; readonly who: string; readonly number: number; readonly call: string }
  | {
      readonly kind: 'settled';
      readonly who: string;
      readonly number: number;
      readonly call: string;
      readonly outcome: CallOutcome;
    }
  /** A caller received a token. `asked`: when the call was made. */
  | { readonly kind: 'token returned'; readonly who: string; readonly token: string; readonly asked: number }
  | { readonly kind: 'signed in'; readonly who: string; readonly tokens: Required<IssuedTokens> }
  | {
      readonly kind: 'state';
      readonly who: string;
      readonly from: string;
      readonly to: string;
      readonly cause?: string;
      readonly failure?: string;
    }
  | {
      readonly kind: 'storage did';
      readonly who: string;
      readonly question: number;
      readonly call: StorageCall;
      /** Identifies the record, by the last part of its key. */
      readonly record: string;
      readonly outcome: string;
      readonly version: number;
      readonly before: Holding;
      readonly after: Holding;
    }
  | {
      readonly kind: 'storage answered';
      readonly who: string;
      readonly question: number;
      readonly call: StorageCall;
      readonly record: string;
      /** When the call was made. */
      readonly asked: number;
    }
  | {
      readonly kind: 'storage silent';
      readonly who: string;
      readonly question: number;
      readonly call: StorageCall;
      readonly record: string;
      readonly code: string;
    }
  | { readonly kind: 'hinted'; readonly who: string; readonly record: string; readonly version: number }
  | {
      readonly kind: 'server asked';
      readonly who: string;
      readonly request: number;
      /** The refresh token or the code in it. */
      readonly presented?: string;
    }
  | {
      readonly kind: 'server did';
      readonly who: string;
      readonly request: number;
      readonly grant: 'refresh_token' | 'authorization_code' | 'client_credentials';
      readonly presented?: string;
      readonly outcome: IssuedTokens | DeathOfToken | 'invalid_client' | 429 | 503;
    }
  | { readonly kind: 'server revoked'; readonly who: string; readonly request: number; readonly token: string }
  /** The server's response is in the socket of a suspended instance, which cannot read it yet. */
  | { readonly kind: 'answer waits'; readonly who: string; readonly request: number }
  | { readonly kind: 'server answered'; readonly who: string; readonly request: number; readonly status: number }
  | {
      readonly kind: 'server silent';
      readonly who: string;
      readonly request: number;
      readonly delivery: 'not_sent' | 'unknown';
    };

/** An occurrence and its time, in milliseconds since the beginning. */
export type Event = Occurrence & { readonly at: number };

/** Records what happened, in order. Listeners that check or count receive each event immediately. */
export class History {
  readonly events: Event[] = [];
  readonly #now: () => number;
  readonly #listeners: ((event: Event) => void)[] = [];

  /** @param now - milliseconds since the beginning */
  constructor(now: () => number) {
    this.#now = now;
  }

  listen(listener: (event: Event) => void): void {
    this.#listeners.push(listener);
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now();
  }

  note(occurrence: Occurrence): void {
    const event = { ...occurrence, at: this.#now() };
    this.events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}
