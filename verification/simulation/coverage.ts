import type { Event } from './history.ts';

/** The events of all runs together: a fault that never occurs proves nothing. */
const counted = {
  'tokens granted': (event) => event.kind === 'server did' && typeof event.outcome === 'object',
  'refresh tokens refused': (event) =>
    event.kind === 'server did' && ['spent', 'revoked', 'expired'].includes(String(event.outcome)),
  'requests rejected for their client or for load': (event) =>
    event.kind === 'server did' && ['invalid_client', '429', '503'].includes(String(event.outcome)),
  'requests not sent': (event) => event.kind === 'server silent' && event.delivery === 'not_sent',
  'responses lost': (event) => event.kind === 'server silent' && event.delivery === 'unknown',
  'replies of the storage lost': (event) => event.kind === 'storage silent',
  'leases found held': (event) => event.kind === 'storage did' && event.outcome === 'held',
  'leases found abandoned': (event) => event.kind === 'storage did' && event.outcome.startsWith('granted after'),
  'leases refused because the record had moved on': (event) =>
    event.kind === 'storage did' && event.outcome === 'moved',
  'commits that conflicted': (event) => event.kind === 'storage did' && event.outcome === 'conflict',
  'tokens served before they were written': (event) => event.kind === 'state' && event.to === 'valid.unsaved',
  'failovers of the storage': (event) => event.kind === 'fault began' && event.entry.kind === 'failover',
  'failovers that lost a record': (event) => event.kind === 'writes lost',
  'storages that returned empty': (event) => isLoss(event, (loses) => loses === undefined),
  'storages that returned in an older state': (event) => isLoss(event, (loses) => loses !== undefined),
  'records offered to the storage again': (event) => event.kind === 'storage did' && event.call === 'restore',
  'instances that died': (event) => event.kind === 'died',
  'instances that were paused': (event) => event.kind === 'paused',
  'machines that slept': (event) => event.kind === 'paused' && event.asleep,
  'responses to paused instances': (event) => event.kind === 'answer waits',
  'clocks of instances that were set': (event) => isSet(event, (instance) => instance !== undefined),
  'clocks of the storage that were set': (event) => isSet(event, (instance) => instance === undefined),
  'sign-ins': (event) => event.kind === 'signed in',
  'sessions revoked by the application': (event) => event.kind === 'state' && event.to === 'revoked',
  'sign-ins revoked by the user': (event) => event.kind === 'fault began' && event.entry.kind === 'user revokes',
  'sessions ended: refresh token rejected': (event) => ends(event, 'refresh_token_rejected'),
  'sessions ended: refresh interrupted': (event) => ends(event, 'refresh_interrupted'),
  'calls that returned a token': (event) => event.kind === 'token returned',
  'calls that failed': (event) => event.kind === 'settled' && 'error' in event.outcome,
} as const satisfies Record<string, (event: Event) => boolean>;

function isLoss(event: Event, is: (loses: number | undefined) => boolean): boolean {
  return event.kind === 'fault began' && event.entry.kind === 'data loss' && is(event.entry.loses);
}

function isSet(event: Event, is: (instance: number | undefined) => boolean): boolean {
  return event.kind === 'fault began' && event.entry.kind === 'clock' && is(event.entry.instance);
}

function ends(event: Event, cause: string): boolean {
  return event.kind === 'storage did' && event.call === 'commit' && event.after.status === 'expired'
    ? event.outcome === 'committed' && event.after.cause === cause
    : false;
}

export type Coverage = Record<string, number>;

export function noCoverage(): Coverage {
  return Object.fromEntries(Object.keys(counted).map((what) => [what, 0]));
}

/** Adds the events of a run to the counts. */
export function count(coverage: Coverage, events: readonly Event[]): void {
  const ways = Object.entries(counted);
  for (const event of events) {
    for (const [what, is] of ways) if (is(event)) coverage[what] = (coverage[what] ?? 0) + 1;
  }
}

export function addUp(coverage: Coverage, more: Coverage): void {
  for (const [what, times] of Object.entries(more)) coverage[what] = (coverage[what] ?? 0) + times;
}
