import type { Failure } from '../kernel/failure.js';
import type { SessionEnding } from '../kernel/session-ending.js';
import type { TokenFacts } from '../kernel/token-set.js';
import type { TokenOrigin } from './effects.js';
import type { Pace } from './policy.js';

/** The input of a session, fixed for its life. */
export interface SessionInput {
  /** How the session gets a new token: with its own credentials, or with the refresh token of a user's sign-in. */
  readonly renewal: 'client_credentials' | 'refresh_token';
  /** How long before expiry a refresh is due, in milliseconds. */
  readonly refreshBuffer: number;
  /** Whether to request a token if the storage does not respond. */
  readonly onStorageUnavailable: 'request' | 'fail';
}

/** The machine's memory: plain JSON without secrets, times in milliseconds on the session's time. */
export interface SessionContext extends SessionInput {
  /** The version of the known record; 0 if none is known. */
  readonly version: number;
  /** The highest known version since a record was last adopted. It is above `version` after the storage went back. */
  readonly newest: number;
  /**
   * The highest version hinted at since the server last issued tokens. Above `newest`, it is a version that this
   * session has not read. That record may have replaced or revoked the session's tokens, so they are not written then.
   */
  readonly hintedVersion: number;
  /** Whether another version above `newest` was hinted at before that one. */
  readonly hintedOthers: boolean;
  /** The public facts of the tokens that are served. */
  readonly tokens: TokenFacts | null;
  /** How the last tokens ended, if that is why there are none. */
  readonly ending: SessionEnding | null;
  /** Whether the last tokens were revoked. */
  readonly revoked: boolean;
  /** The source of the requested tokens, from the lease to the commit. */
  readonly origin: TokenOrigin;
  /** New tokens that are not yet written. */
  readonly held: TokenFacts | null;
  /** The source of the served tokens while they are to be written: the storage never had them, or lost them. */
  readonly unwritten: TokenOrigin | null;
  /** Whether a caller has requested a token since all callers were last served or rejected. */
  readonly requested: boolean;
  /** Whether an API rejected the served tokens, and their refresh is in progress. */
  readonly suspect: boolean;
  /** When an API's rejection last forced a refresh that succeeded or is in progress. */
  readonly forcedAt: number | null;
  /** How soon the server may be called again after it issued tokens; `null` if it has issued none that count. */
  readonly pace: Pace | null;
  /** Failed attempts since the last success. */
  readonly attempt: number;
  /** The last failure; `null` after the next success. */
  readonly failure: Failure | null;
  /** When the next attempt is made at the latest. */
  readonly retryAt: number | null;
  /** Whether a request with a lost response may have spent the refresh token. */
  readonly possiblySpent: boolean;
  /** Whether the one immediate retry after a lost response was made. */
  readonly retried: boolean;
}

export function initialContext(input: SessionInput): SessionContext {
  const context: SessionContext = {
    ...input,
    version: 0,
    newest: 0,
    hintedVersion: 0,
    hintedOthers: false,
    tokens: null,
    ending: null,
    revoked: false,
    origin: input.renewal,
    held: null,
    unwritten: null,
    requested: false,
    suspect: false,
    forcedAt: null,
    pace: null,
    attempt: 0,
    failure: null,
    retryAt: null,
    possiblySpent: false,
    retried: false,
  };
  // XState copies the context at each assign. For V8, copying an object that began as a literal with so many properties
  // takes 10 µs. The same object built one property at a time takes 0.1 µs, and so do its copies.
  return Object.fromEntries(Object.entries(context)) as unknown as SessionContext;
}
