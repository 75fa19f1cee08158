import type { Failure } from '../kernel/failure.js';
import type { Rejection, SessionEnding } from '../kernel/session-ending.js';

/** The timers of a session; each runs at most once at a time. */
export type TimerName = 'refresh' | 'retry' | 'poll' | 'lease' | 'authorization';

/** The source of a session's tokens: a grant of the authorization server, or an import. */
export type TokenOrigin = 'client_credentials' | 'refresh_token' | 'authorization_code' | 'import';

/**
 * What a session writes to the storage when its tokens are gone. For rejected tokens it has the highest version that
 * was known.
 */
export type Tombstone =
  | { readonly status: 'expired'; readonly ending: SessionEnding; readonly ofVersion: number }
  | { readonly status: 'revoked'; readonly signIn?: string };

/**
 * The name of each effect and its parameters. Effects are imperative, carry no secret, and never fail: failures come
 * back as events.
 *
 * The storage gets one request at a time. A response to a request before the latest one (`readRecord`, `requestLease`,
 * `commitTokens`, `commitTombstone`) is not an event any more, and must be dropped.
 */
export interface EffectParameters {
  /** Read the record → `record.read` or `storage.failed`. */
  readRecord: undefined;
  /** Request the lease, if the record still has that version → `lease.granted`, `.held`, `.moved`, `storage.failed`. */
  requestLease: { ifVersion: number };
  /** Extend the lease. Losing it changes nothing: a request is never aborted, and the commit decides. */
  renewLease: undefined;
  /**
   * Release the lease, if this session holds it; nothing is awaited. If the refresh token may be `spent`, let the lease
   * expire instead, so that the next holder learns of it.
   */
  releaseLease: { spent: boolean };
  /**
   * Request tokens from the server → `tokenResponse.received` or `tokenRequest.failed`. A sent request is never
   * aborted.
   */
  requestToken: { grant: Exclude<TokenOrigin, 'import'> };
  /** Hold the tokens of this event until they are written. */
  holdTokens: undefined;
  /**
   * Write the held tokens, or the served ones if none are held → `commit.succeeded`, `commit.conflicted` or
   * `storage.failed`.
   */
  commitTokens: { expectedVersion: number };
  /** Write that there are no tokens any more, and why → as `commitTokens`. */
  commitTombstone: { expectedVersion: number; tombstone: Tombstone };
  /** From now on serve the held tokens, or the content of this event's record: its tokens, or none. */
  adoptTokens: { from: 'held' | 'record' };
  /** Forget the tokens in memory, held and served. */
  forgetTokens: undefined;
  /** Tell the application that this session received new tokens. */
  announceTokens: undefined;
  /** Resolve the sign-in or import that brought the tokens, if there is one. */
  confirmSignIn: undefined;
  /** Reject the sign-in that brought a code, with the reason. */
  rejectSignIn: { failure: Failure };
  /**
   * Revoke tokens at the server → `revocation.finished`, for the `served` ones. For `held` tokens, and for `unwritten`
   * ones that are served, nothing is awaited.
   */
  revokeTokens: { which: 'served' | 'held' | 'unwritten' };
  /** Start a timer that elapses at a moment of the session's choice in the window, so that a fleet spreads out. */
  startTimer: { timer: TimerName; notBefore: number; notAfter: number };
  stopTimer: { timer: TimerName };
  /** Serve the token to all waiting callers. */
  serveCallers: undefined;
  /** Reject all waiting callers, with the reason. */
  rejectCallers: { rejection: Rejection };
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
 * The effects as actions of the machine. Their bodies throw. To run the machine as an actor, provide each with
 * `machine.provide()`; `transition()` never runs them.
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
  confirmSignIn: unprovided,
  rejectSignIn: unprovided,
  revokeTokens: unprovided,
  startTimer: unprovided,
  stopTimer: unprovided,
  serveCallers: unprovided,
  rejectCallers: unprovided,
};

function unprovided(): never {
  throw new Error('The machine does no I/O: provide this effect, or use transition() and carry it out yourself.');
}
