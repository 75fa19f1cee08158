import type { Failure } from '../kernel/failure.js';
import type { SessionEnding } from '../kernel/session-ending.js';
import { type MachineSnapshot, pathOf } from '../machine/transition.js';
import { unavoidableEnd } from './refresh-token-life.js';
import type { SessionTime } from './session-time.js';

/** The states of a session, as applications see them. */
export type SessionState =
  | 'restoring'
  | 'unauthenticated'
  | 'authorizing'
  | 'valid'
  | 'refreshing'
  | 'expired'
  | 'revoking'
  | 'revoked';

/**
 * The state of a session as plain JSON without secrets, safe for logs and pages. Times are milliseconds since the Unix
 * epoch, by this machine's wall clock.
 */
export interface SessionSnapshot {
  /** The session's key; `'default'` for the auth object's own session. */
  readonly key: string;
  readonly state: SessionState;
  /** The state with its substate, such as `refreshing.requesting`. */
  readonly step: string;
  /** When the tokens were requested; `null` if there are none. */
  readonly issuedAt: number | null;
  /** When the access token expires; `null` if there is none, or if the server gave no lifetime. */
  readonly expiresAt: number | null;
  /**
   * Whether `getToken()` would return a token at once. In the state `valid`, it becomes `false` when the access token
   * expires; the next caller then waits for a refresh. No listener is called for that.
   */
  readonly hasUsableToken: boolean;
  /** Whether there is a refresh token. */
  readonly refreshable: boolean;
  /**
   * When the session ends unless its user signs in again. It is set when refreshing cannot postpone that end: there is
   * no refresh token, the server issues no new one, or it rejects this client. `null` if refreshing can, or if the
   * lifetime of a refresh token is unknown.
   */
  readonly reauthenticationDueAt: number | null;
  readonly scopes: readonly string[];
  /** Whether the last attempt to refresh or to write the tokens failed while there are tokens. */
  readonly degraded: boolean;
  /** Failed attempts since the last success. */
  readonly attempt: number;
  /** The last failure; `null` after the next success. */
  readonly failure: Failure | null;
  /** When the next attempt is made at the latest; `null` if none is planned. */
  readonly retryAt: number | null;
  /** How the session ended, in the state `expired`. */
  readonly ending: SessionEnding | null;
}

/** A change of state, as `onStateChange` receives it. */
export interface StateChange {
  readonly key: string;
  /** The state before, with its substate, such as `valid.fresh`. */
  readonly from: string;
  readonly to: string;
  readonly snapshot: SessionSnapshot;
}

/** Returns whether the access token may be given to callers at this moment of the session's time. */
export function hasUsableToken(snapshot: MachineSnapshot, now: number): boolean {
  const { tokens, suspect } = snapshot.context;
  // Tokens that are being revoked are not served, even if a storage that lost its last writes returned them.
  if (tokens === null || suspect || snapshot.matches('revoking')) return false;
  return tokens.expiresAt === null || now < tokens.expiresAt;
}

/** @param refreshTokenLifetime - in milliseconds, if known */
export function presentSnapshot(
  key: string,
  snapshot: MachineSnapshot,
  refreshTokenLifetime: number | undefined,
  clock: Pick<SessionTime, 'now' | 'onWall'>,
): SessionSnapshot {
  const shown = (time: number | null | undefined) => (time == null ? null : clock.onWall(time));
  const { tokens, attempt, failure, retryAt, ending } = snapshot.context;
  const step = pathOf(snapshot);
  return {
    key,
    state: step.split('.', 1)[0] as SessionState,
    step,
    issuedAt: shown(tokens?.issuedAt),
    expiresAt: shown(tokens?.expiresAt),
    hasUsableToken: hasUsableToken(snapshot, clock.now()),
    refreshable: tokens?.refreshable ?? false,
    reauthenticationDueAt: shown(unavoidableEnd(snapshot.context, refreshTokenLifetime)?.by),
    scopes: tokens?.scopes ?? [],
    degraded: tokens !== null && failure !== null,
    attempt,
    failure,
    retryAt: shown(retryAt),
    ending,
  };
}

/**
 * Returns whether two snapshots look different to an application. A request for a token makes no difference. Otherwise
 * a listener that requests a token would be notified of its own request, endlessly.
 */
export function looksDifferent(one: MachineSnapshot, other: MachineSnapshot): boolean {
  const [before, after] = [one.context, other.context];
  return (
    pathOf(one) !== pathOf(other) ||
    before.tokens !== after.tokens ||
    before.attempt !== after.attempt ||
    before.failure !== after.failure ||
    before.retryAt !== after.retryAt ||
    before.ending !== after.ending
  );
}
