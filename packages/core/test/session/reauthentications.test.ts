import { describe, expect, it } from 'vitest';
import { type ReauthenticationDue, Reauthentications } from '../../src/session/reauthentications.js';

const NOW = Date.UTC(2026, 0, 1);

function due(key: string, by: number): ReauthenticationDue {
  return { key, by, reason: 'not_rotated' };
}

describe('the end of a session', () => {
  it('is told once, and another end of it once more', () => {
    const told: ReauthenticationDue[] = [];
    const reauthentications = new Reauthentications((one) => told.push(one));
    for (const by of [NOW + 1, NOW + 1, NOW + 2, NOW + 2]) reauthentications.tell(due('mara', by), NOW);
    reauthentications.tell(due('ilya', NOW + 2), NOW);
    expect(told).toEqual([due('mara', NOW + 1), due('mara', NOW + 2), due('ilya', NOW + 2)]);
  });

  it('is told once among thousands, and remembered no longer than it matters', () => {
    const told: string[] = [];
    const reauthentications = new Reauthentications(({ key }) => told.push(key));
    reauthentications.tell(due('later', NOW + 10_000), NOW);
    for (let turn = 0; turn < 5_000; turn += 1) reauthentications.tell(due(`session-${turn}`, NOW + turn), NOW + turn);
    reauthentications.tell(due('later', NOW + 10_000), NOW + 5_000);
    expect(told.filter((key) => key === 'later')).toHaveLength(1);
    // It ended long ago, so it is reported again unless it is remembered.
    reauthentications.tell(due('session-0', NOW), NOW + 5_000);
    expect(told.filter((key) => key === 'session-0')).toHaveLength(2);
  });

  it('is ignored without a handler, and a handler that throws or rejects has no effect', () => {
    const failing = [
      undefined,
      () => {
        throw new Error('The handler fails.');
      },
      () => Promise.reject(new Error('The handler fails later.')),
    ];
    for (const handler of failing) {
      expect(() => new Reauthentications(handler).tell(due('mara', NOW), NOW)).not.toThrow();
    }
  });
});
