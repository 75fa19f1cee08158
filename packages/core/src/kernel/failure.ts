import type { ErrorCode } from './error-codes.js';

/**
 * What a failure means for the credential, and so what may be done next:
 *
 * - `terminal`: the server refused the credential itself; it is dead.
 * - `transient`: nothing happened (not sent, told to wait, or the server failed); the same request may be repeated.
 * - `ambiguous`: the request was sent and no usable answer came; a refresh token may or may not be spent.
 * - `configuration`: the server refused the client, not the user; repeating does not help until somebody mends it.
 */
export type FailureKind = 'terminal' | 'transient' | 'ambiguous' | 'configuration';

/** Whether the server can have seen a request that got no answer. */
export type Delivery = 'not_sent' | 'unknown';

/**
 * A failure as data: plain JSON, free of secrets, so that it can stand in events, snapshots and logs. The session
 * turns it into one of the error classes when it reaches a caller.
 */
export interface Failure {
  readonly kind: FailureKind;
  readonly source: 'server' | 'transport' | 'storage' | 'session';
  /** The server's `error` (RFC 6749 §5.2), or this project's own word, such as `timeout` or `http_503`. */
  readonly code: ErrorCode;
  /** The server's `error_description` or a sentence of ours, with every known secret taken out. */
  readonly description: string;
  readonly delivery?: Delivery;
  /** HTTP status of the answer. */
  readonly status?: number;
  /** Milliseconds to wait, from the `Retry-After` header (RFC 9110 §10.2.3). */
  readonly retryAfter?: number;
  /** The server wants the user to act (accept terms, confirm an address) before it issues tokens again. */
  readonly userActionRequired?: true;
  /** Where the user must act; an https address. */
  readonly actionUrl?: string;
  /** The server's name for this answer (Adobe: `x-debug-id`), which its support asks for. */
  readonly debugId?: string;
  /** What to do about it, in words of this project, where more is known than `code` tells. */
  readonly advice?: string;
  /** The version of the record that cannot be read, where that is the failure: new tokens may be written over it. */
  readonly version?: number;
}
