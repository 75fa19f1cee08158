import type { Failure } from './failure.js';

/**
 * Why a session has ended and its user must sign in again.
 *
 * - `refresh_token_rejected`: the server rejected the refresh token, and no other instance has a newer one.
 * - `refresh_interrupted`: the same, after a refresh with a lost response. The server probably rotated the token then,
 *   and no instance received the new one.
 * - `user_action_required`: the server requires the user to act first (see `UserActionRequiredError`).
 * - `access_token_expired`: the access token expired, and there is no refresh token.
 * - `access_token_rejected`: the API rejected the access token, and there is no refresh token.
 */
export type EndingCause =
  | 'refresh_token_rejected'
  | 'refresh_interrupted'
  | 'user_action_required'
  | 'access_token_expired'
  | 'access_token_rejected';

/** How a session ended; plain JSON without secrets. It is the content of the tombstone in the storage. */
export interface SessionEnding {
  readonly cause: EndingCause;
  /** What the server said, if the server ended it. */
  readonly failure: Failure | null;
}

/** Why a caller gets no token. */
export type Rejection =
  | { readonly reason: 'not_authenticated' }
  | { readonly reason: 'revoked' }
  | { readonly reason: 'ended'; readonly ending: SessionEnding }
  | { readonly reason: 'failed'; readonly failure: Failure };
