import type { Failure } from '../kernel/failure.js';
import { CONSEQUENCES } from '../kernel/failure-policy.js';
import type { TokenFacts } from '../kernel/token-set.js';

/** The numbers of the lifecycle, all in milliseconds unless they say otherwise. */
export const policy = {
  /** Longer than any sensible HTTP time-out, so that a lease outlives the request it is for. */
  leaseTtl: 30_000,
  /** A lease is renewed at a third of its life: two renewals may fail before it is lost. */
  leaseRenewal: 10_000,
  /** Notifications may be lost, so whoever waits for another instance looks again after this long. */
  poll: { notBefore: 500, notAfter: 1_500 },
  /** How long a user may take to sign in; then the `state` is worth nothing. */
  authorizationTtl: 10 * 60_000,
  /** Backoff with full jitter: the first window, which doubles, and the longest. */
  backoff: { first: 1_000, longest: 60_000 },
  /** The longest for a storage: it is the application's own, and while it is away its users are. */
  storageBackoff: 5_000,
  /** What the server refuses outright stays refused until somebody mends it. */
  longPause: { notBefore: 30_000, notAfter: 60_000 },
  /** The longest `Retry-After` that is believed. */
  longestRetryAfter: 60 * 60_000,
  /** A caller without a token sits out this many failed attempts, and waits no longer than this for the next. */
  patience: { attempts: 3, delay: 10_000 },
  /** After a renewal that an API's 401 forced, further 401s force none for this long: the reason is not the token. */
  forcedRenewalInterval: 60_000,
  /** Between renewals that a session makes too early, by itself: the first pause, which doubles, and the longest. */
  pace: { first: 1_000, longest: 60_000 },
  /** A life that is shorter than this is none: no caller could use the token in time. */
  shortestLife: 1_000,
  /** Clocks that are apart by less than this count as the same. */
  clockTolerance: 10_000,
  /** A renewal is never due before this share of the token's life is over, whatever the refresh buffer says. */
  earliestRenewal: 0.75,
} as const;

/** A span of time in which something is to happen, at a moment that whoever carries it out may choose. */
export interface Window {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Where the server did not say when tokens expire, only an API's 401 can tell. */
const NEVER: Window = { notBefore: Number.MAX_SAFE_INTEGER, notAfter: Number.MAX_SAFE_INTEGER };

/**
 * When to renew tokens: in the first half of the refresh buffer, so that the instances of a fleet do not start at
 * once and the second half is left for failures.
 */
export function renewalWindow(tokens: TokenFacts, refreshBuffer: number): Window {
  if (tokens.expiresAt === null) return NEVER;
  const lifetime = Math.max(0, tokens.expiresAt - tokens.issuedAt);
  const buffer = Math.min(refreshBuffer, lifetime * (1 - policy.earliestRenewal));
  return { notBefore: tokens.expiresAt - buffer, notAfter: tokens.expiresAt - buffer / 2 };
}

/** Whether tokens are dated later than now, so that the clock they are dated by was wrong, and their end is too. */
export function isFromFuture(tokens: TokenFacts, now: number): boolean {
  return tokens.issuedAt > now + policy.clockTolerance;
}

/**
 * What keeps a session from asking the server again and again when something makes each new token due at once: a server
 * that gives it no life, clocks that are far apart, or any other fault.
 */
export interface Pace {
  /** When the server last gave tokens. */
  readonly from: number;
  /** From when on it is not too early to renew those: after half of their life. */
  readonly ripeAt: number;
  /** How many renewals in a row came too early. */
  readonly early: number;
}

/** So long, in milliseconds, tokens of no life are taken for unripe: each renewal by the pauses' end is too early. */
const LONGER_THAN_PAUSES = 2 * policy.pace.longest;

/** The pace once the server gave tokens. */
export function paceOf({ issuedAt, expiresAt }: TokenFacts, before: Pace | null, now: number): Pace {
  const life = expiresAt === null ? 0 : expiresAt - issuedAt;
  const early = before?.early ?? 0;
  return expiresAt !== null && life < policy.shortestLife
    ? { from: now, ripeAt: now + LONGER_THAN_PAUSES, early: Math.max(1, early) }
    : { from: now, ripeAt: issuedAt + life / 2, early };
}

/** The pace once tokens were over before they could be served: renewing them at once counts as too early. */
export function unripe(pace: Pace | null, now: number): Pace | null {
  return pace && { ...pace, ripeAt: now + LONGER_THAN_PAUSES };
}

/** The pace once the session begins to renew by itself. */
export function quicken(pace: Pace | null, now: number): Pace | null {
  return pace && { ...pace, early: now < pace.ripeAt ? pace.early + 1 : 0 };
}

/** When the session may ask the server again by itself. */
export function paceEnd({ from, ripeAt, early }: Pace): number {
  const pause = early === 0 ? 0 : Math.min(policy.pace.first * 2 ** (early - 1), policy.pace.longest);
  return Math.min(ripeAt, from + pause);
}

/** When tokens that nothing can renew come to their end. */
export function expiryWindow(tokens: TokenFacts): Window {
  return tokens.expiresAt === null ? NEVER : { notBefore: tokens.expiresAt, notAfter: tokens.expiresAt };
}

/** When to try again after the `attempt`th failure in a row; at once, when none has failed yet. */
export function retryWindow(failure: Failure, attempt: number, now: number): Window {
  if (CONSEQUENCES[failure.kind].pause === 'long') return shift(policy.longPause, now);
  const wait = Math.min(failure.retryAfter ?? 0, policy.longestRetryAfter);
  const longest = failure.source === 'storage' ? policy.storageBackoff : policy.backoff.longest;
  const spread = attempt === 0 ? 0 : Math.min(policy.backoff.first * 2 ** (attempt - 1), longest);
  return shift({ notBefore: wait, notAfter: wait + spread }, now);
}

/** The window, counted from `now`. */
export function shift(window: Window, now: number): Window {
  return { notBefore: now + window.notBefore, notAfter: now + window.notAfter };
}
