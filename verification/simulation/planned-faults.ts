import type { Draws } from './draws.ts';
import { DAY, HOUR, MINUTE, SECOND } from './durations.ts';
import type { Entry, EntryKind, EntryOf, NetworkEffect, Parameters } from './plan.ts';

/** How long sessions hold a lease; the default, whatever the timeout of a request. */
const LEASE = 30 * SECOND;

export function faultOf(random: Draws, parameters: Parameters, at: number): Entry {
  const { duration, clocks, clientSecrets } = parameters;
  const instance = random.index(clocks.length);
  const most = Math.max(1, duration - at);
  const lasts = Math.min(most, random.magnitude(50, random.happens(0.9) ? 2 * MINUTE : 30 * MINUTE));
  const kind = random.among<EntryKind>([
    'crash',
    'crash',
    'restart',
    'pause',
    'pause',
    'clock',
    'clock',
    'network',
    'network',
    'network',
    'network',
    'network',
    'network',
    'hints',
    'busy',
    'secrets',
    'failover',
    'data loss',
    'user revokes',
    'access tokens end',
  ]);
  switch (kind) {
    case 'network':
      return {
        at,
        kind,
        peer: random.among(['server', 'storage']),
        effect: random.among<NetworkEffect>(['refused', 'request lost', 'answer lost', 'answer lost', 'slow']),
        share: random.among([0.3, 0.7, 1]),
        ...(random.happens(0.6) && { instance }),
        lasts,
      };
    case 'pause': {
      const pause = pauseOf(random, parameters, instance, at);
      return random.happens(0.5) ? pause : { ...pause, lasts };
    }
    case 'clock':
      return clockSettingOf(random, instance, at);
    case 'hints':
      return { at, kind, effect: random.among(['lost', 'late', 'twice']), lasts };
    case 'busy': {
      const status = random.among<429 | 503>([429, 503]);
      return { at, kind, status, ...(random.happens(0.5) && { retryAfter: random.between(0, 90) }), lasts };
    }
    case 'secrets':
      return { at, kind, live: random.among([['third'], clientSecrets.slice(-1), ['third', 'first']]), lasts };
    case 'failover':
      return { at, kind, loses: random.magnitude(10, 10_000), lasts: Math.min(lasts, 10 * SECOND) };
    case 'data loss':
      return dataLossOf(random, parameters, at);
    case 'user revokes':
      return random.happens(0.4) ? { at, kind } : { at, kind: 'access tokens end' };
    case 'access tokens end':
      return { at, kind };
    default:
      return { at, kind: kind === 'restart' ? kind : 'crash', instance, lasts };
  }
}

/** A pause that may occur during a request: it ends before the lease does, or only later. */
export function pauseOf(
  random: Draws,
  { duration, serverTimeout }: Parameters,
  instance: number,
  at: number,
): EntryOf<'pause'> {
  const asleep = random.happens(0.3);
  const pause = random.happens(0.6)
    ? random.between(serverTimeout, LEASE - SECOND)
    : random.between(LEASE, random.among([2 * LEASE, HOUR]));
  const lasts = Math.min(pause, Math.max(1, duration - at));
  return { at, kind: 'pause', instance, lasts, timersFirst: random.happens(0.7), ...(asleep && { asleep }) };
}

/** The storage is restarted without its data, or from a snapshot. */
export function dataLossOf(random: Draws, { duration }: Parameters, at: number): Entry {
  const loses = random.happens(0.7) ? {} : { loses: random.magnitude(SECOND, duration) };
  return { at, kind: 'data loss', ...loses, lasts: Math.min(random.magnitude(50, MINUTE), Math.max(1, duration - at)) };
}

/** The clock of an instance's machine or of the storage is set: by seconds, a wrong time zone, or days. */
export function clockSettingOf(random: Draws, instance: number, at: number): EntryOf<'clock'> {
  // The storage's clock is wrong by less than the time for which records outlive their tokens.
  const isStorages = random.happens(0.2);
  const farthest = random.among([MINUTE, isStorages ? 12 * HOUR : 30 * DAY]);
  const by = (random.happens(0.4) ? 1 : -1) * random.magnitude(SECOND, farthest);
  return { at, kind: 'clock', ...(isStorages ? {} : { instance }), by };
}
