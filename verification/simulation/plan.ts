import type { Rotation } from '@frameio-auth/testing';

/** The minimum and the maximum, both inclusive, in milliseconds. */
export type Span = readonly [least: number, most: number];

/** The parameters of one seed's run. Times are in milliseconds unless stated otherwise. */
export interface Parameters {
  /**
   * The owner of the tokens: a user, with refresh tokens (`WebAppAuth`), or the application itself
   * (`ServerToServerAuth`).
   */
  readonly flow: 'user' | 'service';
  readonly duration: number;
  /**
   * The clock of each instance: how far it is ahead of the storage's, and how many parts per million faster it runs.
   */
  readonly clocks: readonly { readonly ahead: number; readonly fast: number }[];
  readonly rotation: Rotation;
  readonly gracePeriod: number;
  /** In seconds. */
  readonly accessTokenLifetime: number;
  /** In seconds. */
  readonly refreshTokenLifetime: number;
  /** Whether sessions know that lifetime. */
  readonly refreshTokenLifetimeIsKnown: boolean;
  readonly refreshEndsAccessTokens: boolean;
  /** In seconds. */
  readonly refreshBuffer: number;
  readonly onStorageUnavailable: 'request' | 'fail';
  /** Whether idle sessions are refreshed; only if the lifetime of refresh tokens is known. */
  readonly keepAlive: boolean;
  /** The client secrets in the instances' configuration. */
  readonly clientSecrets: readonly string[];
  readonly serverTimeout: number;
  readonly storageTimeout: number;
  readonly serverLatency: Span;
  readonly storageLatency: Span;
  readonly hintLatency: Span;
}

/**
 * A call of the application. `use`: gets a token, calls the API, and reports a 401. `signIn`: imports tokens; `visit`:
 * sends the user to the server, who returns with a code.
 */
export type Call = 'use' | 'getToken' | 'impatient' | 'peek' | 'refresh' | 'signIn' | 'visit' | 'revoke' | 'export';

/** What happens to the messages between an instance and its peer. */
export type NetworkEffect = 'refused' | 'request lost' | 'answer lost' | 'slow';

/** A planned event. `at`: since the beginning; `lasts`: from there; both in milliseconds. `instance`: its place. */
export type Entry =
  | { readonly at: number; readonly kind: 'call'; readonly instance: number; readonly call: Call }
  | { readonly at: number; readonly kind: 'crash' | 'restart'; readonly instance: number; readonly lasts: number }
  | {
      readonly at: number;
      readonly kind: 'pause';
      readonly instance: number;
      readonly lasts: number;
      /** Whether timers that fell due run before the messages that arrived meanwhile, as in Node. */
      readonly timersFirst: boolean;
      /** Whether the whole machine sleeps: its monotonic clock stops, and its wall clock continues. */
      readonly asleep?: boolean;
    }
  | {
      readonly at: number;
      readonly kind: 'clock';
      /** The instance with the wall clock to set; absent: the storage's clock. */
      readonly instance?: number;
      /** How far it is set ahead, or back, permanently. */
      readonly by: number;
    }
  | {
      readonly at: number;
      readonly kind: 'network';
      readonly peer: 'server' | 'storage';
      readonly effect: NetworkEffect;
      /** The share of messages that it affects. */
      readonly share: number;
      /** The affected instance; absent: all of them. */
      readonly instance?: number;
      readonly lasts: number;
    }
  | { readonly at: number; readonly kind: 'hints'; readonly effect: 'lost' | 'late' | 'twice'; readonly lasts: number }
  | {
      readonly at: number;
      readonly kind: 'busy';
      readonly status: 429 | 503;
      /** In seconds. */
      readonly retryAfter?: number;
      readonly lasts: number;
    }
  | { readonly at: number; readonly kind: 'secrets'; readonly live: readonly string[]; readonly lasts: number }
  | {
      readonly at: number;
      readonly kind: 'failover';
      /** The writes of how many milliseconds are lost. */
      readonly loses: number;
      /** How long the storage is unavailable. */
      readonly lasts: number;
    }
  | {
      readonly at: number;
      readonly kind: 'data loss';
      /** How old the restored state is; absent: the storage returns empty. */
      readonly loses?: number;
      /** How long the storage is unavailable. */
      readonly lasts: number;
    }
  | { readonly at: number; readonly kind: 'user revokes' }
  | { readonly at: number; readonly kind: 'access tokens end' };

export type EntryKind = Entry['kind'];

export type EntryOf<Kind extends EntryKind> = Extract<Entry, { readonly kind: Kind }>;

/** Everything that is decided before a run begins; plain JSON. */
export interface Plan {
  /** The seed of the random numbers during the run. */
  readonly seed: number;
  readonly parameters: Parameters;
  /** In order of time. */
  readonly entries: readonly Entry[];
}
