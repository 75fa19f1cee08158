import type { Failure } from '../kernel/failure.js';
import type { SessionEnding } from '../kernel/session-ending.js';
import type { TokenFacts } from '../kernel/token-set.js';
import type { TokenOrigin } from './effects.js';
import type { Pace } from './policy.js';

/** What a session is made for; fixed for its life. */
export interface SessionInput {
  /** How it gets a new token: by its own credentials, or by the refresh token that a user's sign-in brought. */
  readonly renewal: 'client_credentials' | 'refresh_token';
  /** How long before expiry a renewal is due, in milliseconds. */
  readonly refreshBuffer: number;
  /** Whether a token is asked for although the storage does not answer, or not. */
  readonly onStorageUnavailable: 'request' | 'fail';
}

/** What the machine remembers: plain JSON, no secrets, times in milliseconds on the session's time. */
export interface SessionContext extends SessionInput {
  /** The version of the record that this session knows; 0 when it knows of none. */
  readonly version: number;
  /** The highest version that it knew of since it last adopted a record: above `version` once the storage went back. */
  readonly newest: number;
  /**
   * The highest version that was hinted at since the server last gave tokens. Above `newest`: one that was not read here.
   * It may have replaced or revoked the tokens at hand, so these are not written then.
   */
  readonly heard: number;
  /** Whether another version above `newest` was hinted at before that one. */
  readonly heardOthers: boolean;
  /** The tokens that are served, as far as they may be shown. */
  readonly tokens: TokenFacts | null;
  /** How the last tokens ended, when there are none because they did. */
  readonly ending: SessionEnding | null;
  /** Whether the last tokens were revoked. */
  readonly revoked: boolean;
  /** What is being asked for, from the lease to the commit. */
  readonly origin: TokenOrigin;
  /** What was received and is not yet written. */
  readonly held: TokenFacts | null;
  /** Where the tokens that are served came from, while they are to be written: the storage never had them, or lost them. */
  readonly unwritten: TokenOrigin | null;
  /** Whether somebody asked for a token since the last time everybody was served or refused. */
  readonly wanted: boolean;
  /** Whether an API refused the tokens that are served, and their renewal is under way. */
  readonly suspect: boolean;
  /** When a renewal was last forced by an API's refusal; that did not fail, or is under way. */
  readonly forcedAt: number | null;
  /** How soon the server may be asked again after it gave tokens; `null`: it gave none yet that count. */
  readonly pace: Pace | null;
  /** Failed attempts since the last success. */
  readonly attempt: number;
  /** The last failure, until the next success. */
  readonly failure: Failure | null;
  /** When the next attempt is made, at the latest. */
  readonly retryAt: number | null;
  /** Whether the refresh token may have been used up by a request whose answer nobody received. */
  readonly possiblySpent: boolean;
  /** Whether the one immediate repetition after a lost answer was made. */
  readonly repeated: boolean;
}

export function initialContext(input: SessionInput): SessionContext {
  const context: SessionContext = {
    ...input,
    version: 0,
    newest: 0,
    heard: 0,
    heardOthers: false,
    tokens: null,
    ending: null,
    revoked: false,
    origin: input.renewal,
    held: null,
    unwritten: null,
    wanted: false,
    suspect: false,
    forcedAt: null,
    pace: null,
    attempt: 0,
    failure: null,
    retryAt: null,
    possiblySpent: false,
    repeated: false,
  };
  // XState copies the context for each note. V8 takes 10 µs to copy an object that began as a literal of so many
  // properties, and 0.1 µs for the same object put together one property at a time; its copies behave likewise.
  return Object.fromEntries(Object.entries(context)) as unknown as SessionContext;
}
