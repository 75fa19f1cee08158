import type { Failure } from '../kernel/failure.js';
import type { RecordFacts } from '../kernel/record-facts.js';
import type { TokenFacts } from '../kernel/token-set.js';

/** What callers want. */
type Wishes =
  /** The session is used for the first time. */
  | { type: 'session.opened' }
  /** A caller asked for a token, and the one at hand is due for renewal, expired or missing. */
  | { type: 'token.requested' }
  /** An API answered 401 to the token that the session holds now. */
  | { type: 'token.rejected' }
  | { type: 'refresh.requested' }
  | { type: 'authorization.started' }
  /** The user came back without a code: the server or the user declined. */
  | { type: 'authorization.denied' }
  /** The user came back with a code that belongs to an authorization which this application began. */
  | { type: 'code.received' }
  | { type: 'tokens.imported'; tokens: TokenFacts }
  | { type: 'revocation.requested' };

/** What the storage answered. */
type StorageAnswers =
  | { type: 'record.read'; record: RecordFacts }
  /** The storage hints that the record was written, or that its lease was given back. */
  | { type: 'record.changed'; version: number }
  | { type: 'lease.granted'; abandoned: boolean }
  | { type: 'lease.held'; until: number }
  | { type: 'lease.moved'; record: RecordFacts }
  | { type: 'commit.succeeded'; version: number }
  | { type: 'commit.conflicted'; record: RecordFacts }
  | { type: 'storage.failed'; failure: Failure };

/** What the authorization server answered. */
type ServerAnswers =
  | { type: 'tokenResponse.received'; tokens: TokenFacts }
  | { type: 'tokenRequest.failed'; failure: Failure }
  /** The server was told, or could not be; either way the tokens are forgotten here. */
  | { type: 'revocation.finished' };

/** Timers that ran out. */
type Timers =
  /** `used`: somebody was served the token since it came. */
  | { type: 'refreshTimer.elapsed'; used: boolean }
  | { type: 'retryTimer.elapsed' }
  | { type: 'pollTimer.elapsed' }
  | { type: 'leaseTimer.elapsed' }
  | { type: 'authorizationTimer.elapsed' };

/** What the machine is told. */
export type SessionOccurrence = Wishes | StorageAnswers | ServerAnswers | Timers;

/** An event: what happened, and when, in milliseconds on the session's time, which never goes back. */
export type SessionEvent = SessionOccurrence & { now: number };
