import type { Failure } from './failure.js';

/**
 * Why a session is over and its user must sign in again.
 *
 * - `refresh_token_rejected`: the server refused the refresh token, and no other instance has a newer one.
 * - `refresh_interrupted`: the same, after a refresh whose answer was lost: the server probably rotated the token
 *   then, and nobody received the new one.
 * - `user_action_required`: the server wants the user to act first (see `UserActionRequiredError`).
 * - `access_token_expired`: the access token ran out, and there is no refresh token.
 * - `access_token_rejected`: the API refused the access token, and there is no refresh token.
 */
export type EndingCause =
  | 'refresh_token_rejected'
  | 'refresh_interrupted'
  | 'user_action_required'
  | 'access_token_expired'
  | 'access_token_rejected';

/** How a session ended; plain JSON, free of secrets. It is what the tombstone in storage says. */
export interface SessionEnding {
  readonly cause: EndingCause;
  /** What the server said, where it was the server who ended it. */
  readonly failure: Failure | null;
}

/** Why a caller gets no token. */
export type Refusal =
  | { readonly reason: 'not_authenticated' }
  | { readonly reason: 'revoked' }
  | { readonly reason: 'ended'; readonly ending: SessionEnding }
  | { readonly reason: 'failed'; readonly failure: Failure };
