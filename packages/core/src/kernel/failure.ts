import type { ErrorCode } from './error-codes.js';

/**
 * What a failure means for the credential, and so what may be done next:
 *
 * - `terminal`: the server rejected the credential itself; it is dead.
 * - `transient`: nothing happened (not sent, told to wait, or the server failed); the same request may be retried.
 * - `ambiguous`: the request was sent and there was no usable response; a refresh token may or may not be spent.
 * - `configuration`: the server rejected the client, not the user; a retry does not help until the configuration is
 *   fixed.
 */
export type FailureKind = 'terminal' | 'transient' | 'ambiguous' | 'configuration';

/** Whether the server may have received a request that got no response. */
export type Delivery = 'not_sent' | 'unknown';

/**
 * A failure as plain JSON without secrets, for events, snapshots and logs. The session turns it into one of the error
 * classes when it reaches a caller.
 */
export interface Failure {
  readonly kind: FailureKind;
  /**
   * Where it arose:
   *
   * - `server`: the authorization server answered, but granted nothing. A 5xx and a 429 are such answers.
   * - `transport`: no complete response arrived, for example because of a time-out or a lost connection.
   * - `storage`: the storage failed, whatever the reason.
   * - `session`: the session made no request, or cannot say more.
   */
  readonly source: 'server' | 'transport' | 'storage' | 'session';
  /** The server's `error` (RFC 6749 §5.2), or a code of this project, such as `timeout` or `http_503`. */
  readonly code: ErrorCode;
  /** The server's `error_description` or a sentence of this project, with every known secret removed. */
  readonly description: string;
  readonly delivery?: Delivery;
  /** HTTP status of the response. */
  readonly status?: number;
  /** Milliseconds to wait, from the `Retry-After` header (RFC 9110 §10.2.3). */
  readonly retryAfter?: number;
  /** Whether the server requires the user to act (accept terms, confirm an address) before it issues tokens again. */
  readonly userActionRequired?: true;
  /** Where the user must act; an https address. */
  readonly actionUrl?: string;
  /** The server's ID of this response (Adobe: `x-debug-id`), which its support asks for. */
  readonly debugId?: string;
  /** What to do about it, in this project's words, if more is known than `code` tells. */
  readonly advice?: string;
  /** The version of a record that cannot be read, if that is the failure: new tokens may be written over it. */
  readonly version?: number;
}
