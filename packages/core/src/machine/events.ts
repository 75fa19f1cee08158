import type { Failure } from '../kernel/failure.js';
import type { RecordFacts } from '../kernel/record-facts.js';
import type { TokenFacts } from '../kernel/token-set.js';

/** What callers and the application request or report. */
type CallerEvents =
  /** The session is used for the first time. */
  | { type: 'session.opened' }
  /** A caller requested a token, and the present one is due for refresh, expired or missing. */
  | { type: 'token.requested' }
  /** An API rejected the session's current token with 401. */
  | { type: 'token.rejected' }
  | { type: 'refresh.requested' }
  | { type: 'authorization.started' }
  /** The user came back without a code: the server or the user declined. */
  | { type: 'authorization.denied' }
  /** The user came back with a code of a sign-in that this application began. */
  | { type: 'code.received' }
  | { type: 'tokens.imported'; tokens: TokenFacts }
  | { type: 'revocation.requested' };

/** Responses and hints of the storage. */
type StorageEvents =
  | { type: 'record.read'; record: RecordFacts }
  /** The storage hints that the record was written, or that its lease was released. */
  | { type: 'record.changed'; version: number }
  | { type: 'lease.granted'; abandoned: boolean }
  | { type: 'lease.held'; until: number }
  | { type: 'lease.moved'; record: RecordFacts }
  | { type: 'commit.succeeded'; version: number }
  | { type: 'commit.conflicted'; record: RecordFacts }
  | { type: 'storage.failed'; failure: Failure };

/** Responses of the authorization server. */
type ServerEvents =
  | { type: 'tokenResponse.received'; tokens: TokenFacts }
  | { type: 'tokenRequest.failed'; failure: Failure }
  /** The server revoked the tokens, or could not; they are forgotten here in any case. */
  | { type: 'revocation.finished' };

/** Timers that elapsed. */
type TimerEvents =
  /** `used`: a caller was served this token. */
  | { type: 'refreshTimer.elapsed'; used: boolean }
  | { type: 'retryTimer.elapsed' }
  | { type: 'pollTimer.elapsed' }
  | { type: 'leaseTimer.elapsed' }
  | { type: 'authorizationTimer.elapsed' };

/** What can happen to a session. */
export type SessionOccurrence = CallerEvents | StorageEvents | ServerEvents | TimerEvents;

/** An event: what happened, and when, in milliseconds on the session's time, which never goes back. */
export type SessionEvent = SessionOccurrence & { now: number };
