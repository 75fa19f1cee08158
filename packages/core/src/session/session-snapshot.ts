import type { Failure } from '../kernel/failure.js';
import type { SessionEnding } from '../kernel/session-ending.js';
import { type SessionSnapshot as MachineSnapshot, pathOf } from '../machine/transition.js';
import { unavoidableEnd } from './refresh-token-life.js';

/** The states by the names that users meet. */
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
 * How a session stands: plain JSON without secrets, fit for logs and pages. Times are milliseconds since the Unix epoch, by
 * the wall clock of this machine.
 */
export interface SessionSnapshot {
  /** The session's key; `'default'` for the auth object's own. */
  readonly key: string;
  readonly state: SessionState;
  /** The state with its inner step, such as `refreshing.requesting`. */
  readonly step: string;
  /** When the tokens were asked for; `null` when there are none. */
  readonly issuedAt: number | null;
  /** When the access token expires; `null` when there is none, or when the server did not say. */
  readonly expiresAt: number | null;
  /** Whether there is a refresh token. */
  readonly refreshable: boolean;
  /**
   * When the session ends unless its user signs in again, where renewing cannot put that off: there is no refresh token,
   * the server gives no new one, or it refuses this client. `null`: it can, or it is not known how long a refresh token
   * lives.
   */
  readonly reauthenticationDueAt: number | null;
  readonly scopes: readonly string[];
  /** Whether something is wrong although there are tokens: the last attempt to renew or to write them failed. */
  readonly degraded: boolean;
  /** Failed attempts since the last success. */
  readonly attempt: number;
  /** The last failure, until the next success. */
  readonly failure: Failure | null;
  /** When the next attempt is made at the latest; `null` when none is planned. */
  readonly retryAt: number | null;
  /** How the tokens ended, in the state `expired`. */
  readonly ending: SessionEnding | null;
}

/**
 * @param refreshTokenLifetime - in milliseconds, where it is known
 * @param onWall - what the wall clock shows at a moment of the session's time
 */
export function presentSnapshot(
  key: string,
  snapshot: MachineSnapshot,
  refreshTokenLifetime: number | undefined,
  onWall: (time: number) => number,
): SessionSnapshot {
  const shown = (time: number | null | undefined) => (time == null ? null : onWall(time));
  const { tokens, attempt, failure, retryAt, ending } = snapshot.context;
  const step = pathOf(snapshot);
  return {
    key,
    state: step.split('.', 1)[0] as SessionState,
    step,
    issuedAt: shown(tokens?.issuedAt),
    expiresAt: shown(tokens?.expiresAt),
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
 * Whether the two are presented differently. That somebody asked for a token is not; a listener that asks for one
 * would else be told of its own question for ever.
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
