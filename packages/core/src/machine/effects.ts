import type { Failure } from '../kernel/failure.js';
import type { Refusal, SessionEnding } from '../kernel/session-ending.js';

/** The timers of a session; each runs at most once at a time. */
export type TimerName = 'refresh' | 'retry' | 'poll' | 'lease' | 'authorization';

/** What a session asks the authorization server for, or gets its tokens from. */
export type TokenOrigin = 'client_credentials' | 'refresh_token' | 'authorization_code' | 'import';

/** What a session leaves in storage when its tokens are gone; of refused ones, the highest version that was known. */
export type Tombstone =
  | { readonly status: 'expired'; readonly ending: SessionEnding; readonly ofVersion: number }
  | { readonly status: 'revoked'; readonly signIn?: string };

/**
 * What the machine wants done: the name of each effect and the data it comes with. Effects are imperative, carry no
 * secret, and never fail: what goes wrong while one is carried out comes back as an event.
 *
 * The storage is asked one question at a time: an answer to an earlier one than the last (`readRecord`, `requestLease`,
 * `commitTokens`, `commitTombstone`) is not an event any more, and whoever carries effects out drops it.
 */
export interface EffectParameters {
  /** Read the record → `record.read` or `storage.failed`. */
  readRecord: undefined;
  /** Ask for the lease, if the record still has that version → `lease.granted`, `.held`, `.moved`, `storage.failed`. */
  requestLease: { ifVersion: number };
  /** Keep the lease for longer. Losing it changes nothing: a request is never aborted, and the commit decides. */
  renewLease: undefined;
  /**
   * Give the lease back, if this session has it; nothing is awaited. When the refresh token may be `spent`, leave it to
   * end by time instead: that is how the next holder learns of it.
   */
  releaseLease: { spent: boolean };
  /** Ask the server for tokens → `tokenResponse.received` or `tokenRequest.failed`. Once sent it is never aborted. */
  requestToken: { grant: Exclude<TokenOrigin, 'import'> };
  /** Keep the tokens that came with this event aside until they are written. */
  holdTokens: undefined;
  /** Write the tokens held aside, or the served ones when none are → `commit.succeeded`, `commit.conflicted` or `storage.failed`. */
  commitTokens: { expectedVersion: number };
  /** Write that there are no tokens any more, and why → as `commitTokens`. */
  commitTombstone: { expectedVersion: number; tombstone: Tombstone };
  /** From now on serve the tokens held aside, or what the record that came with this event says: its tokens, or none. */
  adoptTokens: { from: 'held' | 'record' };
  /** Forget the tokens in memory, held and served. */
  forgetTokens: undefined;
  /** Tell the application that this session received new tokens. */
  announceTokens: undefined;
  /** Tell whoever brought tokens, by a sign-in or an import, that they are in place; as a rule nobody did. */
  confirmTokens: undefined;
  /** Tell whoever brought a code why no tokens came of it. */
  refuseTokens: { failure: Failure };
  /**
   * Tell the server that the tokens are not needed any more → `revocation.finished`, when it was the `served` ones that
   * were meant. For those `held` aside, and for `unwritten` ones that are served, nothing is awaited.
   */
  revokeTokens: { which: 'served' | 'held' | 'unwritten' };
  /** Run a timer that ends at a moment of the session's choice between the two, so that a fleet spreads out. */
  startTimer: { timer: TimerName; notBefore: number; notAfter: number };
  stopTimer: { timer: TimerName };
  /** Hand the token to everybody who waits for it. */
  serveCallers: undefined;
  /** Tell everybody who waits why there is none. */
  rejectCallers: { refusal: Refusal };
}

export type EffectName = keyof EffectParameters;

/** An effect, as `transition()` returns it. */
export type Effect = {
  [Name in EffectName]: { readonly type: Name; readonly params: EffectParameters[Name] };
}[EffectName];

type EffectActions = {
  [Name in EffectName]: (_: unknown, params: EffectParameters[Name]) => void;
};

/**
 * The effects as actions of the machine. Their bodies throw: whoever runs the machine as an actor must say with
 * `machine.provide()` how each is carried out, and whoever uses `transition()` never runs them.
 */
export const effectActions: EffectActions = {
  readRecord: unprovided,
  requestLease: unprovided,
  renewLease: unprovided,
  releaseLease: unprovided,
  requestToken: unprovided,
  holdTokens: unprovided,
  commitTokens: unprovided,
  commitTombstone: unprovided,
  adoptTokens: unprovided,
  forgetTokens: unprovided,
  announceTokens: unprovided,
  confirmTokens: unprovided,
  refuseTokens: unprovided,
  revokeTokens: unprovided,
  startTimer: unprovided,
  stopTimer: unprovided,
  serveCallers: unprovided,
  rejectCallers: unprovided,
};

function unprovided(): never {
  throw new Error('The machine does no I/O: provide this effect, or use transition() and carry it out yourself.');
}
