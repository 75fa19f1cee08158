import type { Failure } from '../kernel/failure.js';
import { CONSEQUENCES } from '../kernel/failure-policy.js';
import type { TokenFacts } from '../kernel/token-set.js';

/** The numbers of the lifecycle, in milliseconds unless stated otherwise. */
export const policy = {
  /** Longer than any sensible HTTP time-out, so that a lease outlives its request. */
  leaseTtl: 30_000,
  /** A lease is renewed after a third of its life: two renewals may fail before it is lost. */
  leaseRenewal: 10_000,
  /** Hints may be lost, so a session that waits for another instance reads the record again after this time. */
  poll: { notBefore: 500, notAfter: 1_500 },
  /** How long a sign-in may take; then its `state` is invalid. */
  authorizationTtl: 10 * 60_000,
  /** Exponential backoff with full jitter: the first window, which doubles, and the longest. */
  backoff: { first: 1_000, longest: 60_000 },
  /**
   * The longest backoff for a storage. It is short, because the storage belongs to the application, and the
   * application's users wait for it.
   */
  storageBackoff: 5_000,
  /** The pause after a rejection of the client, which persists until its configuration is fixed. */
  longPause: { notBefore: 30_000, notAfter: 60_000 },
  /** The longest `Retry-After` that is honoured. */
  longestRetryAfter: 60 * 60_000,
  /** A caller without a token waits through this many failed attempts, and at most this long for the next. */
  patience: { attempts: 3, delay: 10_000 },
  /** After an API's 401 forced a refresh, further 401s force none for this time: the token is not the reason. */
  forcedRenewalInterval: 60_000,
  /**
   * The pause between refreshes that a session makes too early by itself: the first, which doubles, and the longest.
   */
  pace: { first: 1_000, longest: 60_000 },
  /** A token with a shorter lifetime counts as dead: no caller could use it in time. */
  shortestLife: 1_000,
  /** Clocks that differ by less than this count as equal. */
  clockTolerance: 10_000,
  /** A refresh is never due before this share of the token's lifetime has passed, whatever the refresh buffer is. */
  earliestRenewal: 0.75,
} as const;

/** A span of time; the session chooses a moment in it. */
export interface Window {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The window of tokens without a known expiry; only an API's 401 shows it. */
const NEVER: Window = { notBefore: Number.MAX_SAFE_INTEGER, notAfter: Number.MAX_SAFE_INTEGER };

/**
 * Returns when to refresh tokens: in the first half of the refresh buffer. So the instances of a fleet do not start at
 * once, and the second half is left for retries.
 */
export function renewalWindow(tokens: TokenFacts, refreshBuffer: number): Window {
  if (tokens.expiresAt === null) return NEVER;
  const lifetime = Math.max(0, tokens.expiresAt - tokens.issuedAt);
  const buffer = Math.min(refreshBuffer, lifetime * (1 - policy.earliestRenewal));
  return { notBefore: tokens.expiresAt - buffer, notAfter: tokens.expiresAt - buffer / 2 };
}

/**
 * Returns whether the tokens are dated later than now. Then the clock that dated them was wrong, and so is their
 * expiry.
 */
export function isFromFuture(tokens: TokenFacts, now: number): boolean {
  return tokens.issuedAt > now + policy.clockTolerance;
}

/**
 * Keeps a session from flooding the server when each new token is due at once: the server issues it without a lifetime,
 * clocks differ widely, or there is another fault.
 */
export interface Pace {
  /** When the server last issued tokens. */
  readonly from: number;
  /** From when on a refresh of those is not too early: after half of their lifetime. */
  readonly earlyUntil: number;
  /** How many refreshes in a row came too early. */
  readonly early: number;
}

/**
 * For how long a refresh of tokens without a lifetime counts as too early, in milliseconds. It is longer than any pause, so each refresh at
 * the end of a pause is too early.
 */
const LONGER_THAN_PAUSES = 2 * policy.pace.longest;

/** Returns the pace after the server issued tokens. */
export function paceOf({ issuedAt, expiresAt }: TokenFacts, before: Pace | null, now: number): Pace {
  const life = expiresAt === null ? 0 : expiresAt - issuedAt;
  const early = before?.early ?? 0;
  return expiresAt !== null && life < policy.shortestLife
    ? { from: now, earlyUntil: now + LONGER_THAN_PAUSES, early: Math.max(1, early) }
    : { from: now, earlyUntil: issuedAt + life / 2, early };
}

/** Returns the pace after tokens expired before they could be served: an immediate refresh counts as too early. */
export function paceAfterExpiry(pace: Pace | null, now: number): Pace | null {
  return pace && { ...pace, earlyUntil: now + LONGER_THAN_PAUSES };
}

/** Returns the pace when the session begins a refresh by itself. */
export function paceAfterRefresh(pace: Pace | null, now: number): Pace | null {
  return pace && { ...pace, early: now < pace.earlyUntil ? pace.early + 1 : 0 };
}

/** Returns when the session may call the server again by itself. */
export function paceEnd({ from, earlyUntil, early }: Pace): number {
  const pause = early === 0 ? 0 : Math.min(policy.pace.first * 2 ** (early - 1), policy.pace.longest);
  return Math.min(earlyUntil, from + pause);
}

/** Returns when tokens without a refresh token expire. */
export function expiryWindow(tokens: TokenFacts): Window {
  return tokens.expiresAt === null ? NEVER : { notBefore: tokens.expiresAt, notAfter: tokens.expiresAt };
}

/** Returns when to retry after the `attempt`th failure in a row; immediately if none has failed yet. */
export function retryWindow(failure: Failure, attempt: number, now: number): Window {
  if (CONSEQUENCES[failure.kind].pause === 'long') return shift(policy.longPause, now);
  const wait = Math.min(failure.retryAfter ?? 0, policy.longestRetryAfter);
  const longest = failure.source === 'storage' ? policy.storageBackoff : policy.backoff.longest;
  const spread = attempt === 0 ? 0 : Math.min(policy.backoff.first * 2 ** (attempt - 1), longest);
  return shift({ notBefore: wait, notAfter: wait + spread }, now);
}

/** Returns the window counted from `now`. */
export function shift(window: Window, now: number): Window {
  return { notBefore: now + window.notBefore, notAfter: now + window.notAfter };
}
