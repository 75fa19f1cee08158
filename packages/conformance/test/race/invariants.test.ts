import { describe, expect, it } from 'vitest';
import type { RaceEvent } from '../../src/race/history.js';
import { Findings, recoveryViolations } from '../../src/race/invariants.js';
import type { Settlement } from '../../src/race/orders.js';
import { asked, committed, handed, leased, refreshed, struck } from './histories.js';

function violated(...events: (RaceEvent | RaceEvent[])[]): string[] {
  const history = events.flat().sort((one, other) => one.at - other.at);
  return new Findings(history).violations().map(({ invariant }) => invariant);
}

describe('one presentation', () => {
  const first = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' })];

  it('holds when each token is presented once', () => {
    const second = [leased('1', 30, { version: 2 }), refreshed('1', 40, { presents: 'two', gives: 'three' })];
    expect(violated(...first, committed('0', 20, 2), ...second, committed('1', 50, 3))).toStrictEqual([]);
  });

  it('is broken by whoever presents a token whose answer was written', () => {
    const again = [leased('1', 1_100, { version: 2 }), refreshed('1', 1_110, { presents: 'one', gives: 'other' })];
    expect(violated(...first, committed('0', 20, 2), ...again)).toStrictEqual(['one presentation']);
  });

  it('is broken by whoever presents a token while the lease of another one runs', () => {
    const again = refreshed('1', 500, { presents: 'one', gives: 'other' });
    expect(violated(...first, again)).toStrictEqual(['one presentation']);
  });

  it('is broken by whoever presents a token again whose answer it has', () => {
    const again = refreshed('0', 500, { presents: 'one', gives: 'other' });
    expect(violated(...first, again)).toStrictEqual(['one presentation']);
  });

  it('is broken by whoever presents a token without a lease, when another one does it after', () => {
    const again = [leased('1', 2_000), refreshed('1', 2_010, { presents: 'one', gives: 'other' })];
    expect(violated(refreshed('0', 10, { presents: 'one', gives: 'two' }), ...again)).toStrictEqual([
      'one presentation',
    ]);
  });

  it('excuses the repetition of a request that got no answer', () => {
    const lost = refreshed('0', 10, { presents: 'one', gives: 'two', arrives: false });
    expect(violated(leased('0', 0), lost, refreshed('0', 15, { presents: 'one', gives: 'other' }))).toStrictEqual([]);
  });

  it('excuses whoever takes over a lease that ran out before its holder wrote', () => {
    const again = [leased('1', 1_100), refreshed('1', 1_110, { presents: 'one', gives: 'other' })];
    expect(violated(...first, ...again)).toStrictEqual([]);
  });

  it('excuses whoever was stopped with a lease, and presents when it has run out', () => {
    const stopped = leased('1', -1_500);
    const late = refreshed('1', 30, { presents: 'one', gives: 'other' });
    expect(violated(stopped, ...first, committed('0', 20, 2), late)).toStrictEqual([]);
  });

  it('excuses whoever presents under a lease that the commit of another one has ended, and not one of its own', () => {
    const again = refreshed('0', 30, { presents: 'one', gives: 'other' });
    expect(violated(...first, committed('1', 20, 2), again)).toStrictEqual([]);
    expect(violated(...first, committed('0', 20, 2), again)).toStrictEqual(['one presentation']);
  });

  it('counts a renewed lease from its renewal', () => {
    const renewed = asked('0', 600, { call: 'renew', outcome: 'renewed', ttl: 1_000 });
    const again = refreshed('1', 1_110, { presents: 'one', gives: 'other' });
    expect(violated(...first, renewed, again)).toStrictEqual(['one presentation']);
  });

  it('excuses what follows the loss of a confirmed write', () => {
    const again = [leased('1', 100), refreshed('1', 110, { presents: 'one', gives: 'other' })];
    const loss = struck(30, 90, { losesWrites: true });
    expect(violated(...first, committed('0', 20, 2), loss, ...again)).toStrictEqual([]);
  });

  it('lets a token that the server left as it is be presented at the next refresh, and not at the same time', () => {
    const kept = refreshed('0', 10, { presents: 'one' });
    const next = [leased('1', 40, { version: 2 }), refreshed('1', 50, { presents: 'one' })];
    expect(violated(leased('0', 0), kept, committed('0', 20, 2), ...next)).toStrictEqual([]);
    expect(violated(leased('0', 0), kept, refreshed('1', 15, { presents: 'one' }))).toStrictEqual(['one presentation']);
  });
});

describe('one holder', () => {
  it('is broken by a lease that is granted while another one runs', () => {
    expect(violated(leased('0', 0), leased('1', 500))).toStrictEqual(['one holder']);
  });

  it('holds when a lease is granted after the other one was given back, or had run out', () => {
    const released = [leased('0', 0), asked('0', 100, { call: 'release', outcome: 'released' })];
    expect(violated(...released, leased('1', 110))).toStrictEqual([]);
    expect(violated(leased('0', 0), leased('1', 1_001))).toStrictEqual([]);
  });

  it('holds when a lease is granted after anybody wrote the record, and not after a conflict', () => {
    const following = (outcome: 'committed' | 'conflict') =>
      violated(leased('0', 0), asked('1', 100, { call: 'commit', outcome }), leased('2', 110));
    expect(following('committed')).toStrictEqual([]);
    expect(following('conflict')).toStrictEqual(['one holder']);
  });

  it('holds when a failed commit took effect later, as a newer version shows', () => {
    const failed = asked('1', 0, { call: 'commit', outcome: 'storage_timeout' });
    const granted = (version: number) =>
      violated(failed, leased('0', 50, { version: 1 }), leased('2', 500, { version }));
    expect(granted(2)).toStrictEqual([]);
    expect(granted(1)).toStrictEqual(['one holder']);
  });

  it('is broken by a newer version that no commit explains', () => {
    expect(violated(leased('0', 0, { version: 1 }), leased('1', 500, { version: 2 }))).toStrictEqual(['one holder']);
  });

  it('excuses what follows the loss of a confirmed lease', () => {
    expect(violated(leased('0', 0), struck(10, 90, { losesWrites: true }), leased('1', 100))).toStrictEqual([]);
  });
});

describe('growing versions', () => {
  const read = (process: string, at: number, version: number) =>
    asked(process, at, { call: 'read', outcome: 'read', version });

  it('is broken by an older version than somebody was told of before', () => {
    expect(violated(read('0', 0, 5), read('1', 10, 4))).toStrictEqual(['growing versions']);
  });

  it('is broken by a version that is written twice', () => {
    expect(violated(committed('0', 0, 5), committed('1', 10, 5))).toStrictEqual(['growing versions']);
  });

  it('lets answers to questions of the same time differ', () => {
    const late: RaceEvent = {
      ...{ kind: 'storage.answered', at: 20, asked: 0, process: '1', key: 'session', question: 0 },
      ...{ call: 'read', outcome: 'read', version: 4 },
    };
    expect(violated(read('0', 5, 5), late)).toStrictEqual([]);
  });

  it('excuses an older version after the loss of the newer one, and not after another trouble', () => {
    const [before, after] = [read('0', 0, 5), read('1', 100, 4)];
    expect(violated(before, struck(10, 90, { losesWrites: true }), after)).toStrictEqual([]);
    expect(violated(before, struck(10, 90), after)).toStrictEqual(['growing versions']);
  });
});

describe('living tokens', () => {
  const issued = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' })];

  it('is broken by a token that the server never issued', () => {
    expect(violated(handed('0', 10, 'invented'))).toStrictEqual(['living tokens']);
  });

  it('is broken by a token that has expired when it is decided to hand it out', () => {
    const served = handed('0', 100, 'access of two');
    expect(violated(...issued, committed('0', 20, 2), served)).toStrictEqual([]);
    expect(violated(...issued, committed('0', 20, 2), served, handed('0', 2_010, 'access of two'))).toStrictEqual([
      'living tokens',
    ]);
  });

  it('excuses the first hand-out of a token whose way here took longer than it lives, to those who waited', () => {
    const late = committed('0', 3_000, 2);
    expect(violated(...issued, late, handed('0', 3_002, 'access of two', 50))).toStrictEqual([]);
    expect(violated(...issued, late, handed('0', 3_002, 'access of two', 3_002))).toStrictEqual(['living tokens']);
    expect(violated(...issued, late, handed('1', 3_002, 'access of two', 50))).toStrictEqual(['living tokens']);
  });
});

it('no tokens after the end: a process that says that its session is over hands out none', () => {
  const issued = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' }), committed('0', 20, 2)];
  const over: RaceEvent = { kind: 'state', at: 100, process: '0', step: 'expired', cause: 'refresh_interrupted' };
  const renewed: RaceEvent = { kind: 'state', at: 150, process: '0', step: 'valid.fresh' };
  const served = handed('0', 200, 'access of two');
  expect(violated(...issued, over, served)).toStrictEqual(['no tokens after the end']);
  expect(violated(...issued, over, renewed, served)).toStrictEqual([]);
});

it('staying alive: no process ends unless it is killed', () => {
  expect(violated({ kind: 'process.ended', at: 0, process: '0', killed: false })).toStrictEqual(['staying alive']);
  expect(violated({ kind: 'process.ended', at: 0, process: '0', killed: true })).toStrictEqual([]);
});

describe('recovery', () => {
  const valid: Settlement = { valid: true, step: 'valid.fresh', cause: null, code: null };
  const over: Settlement = { valid: false, step: 'expired', cause: 'refresh_interrupted', code: 'invalid_grant' };
  const taken: Settlement = { ...over, cause: 'refresh_token_rejected' };
  const silent: Settlement = { ...over, cause: null };
  const stored = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' }), committed('0', 20, 2)];
  const lost = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two', arrives: false })];

  function recovered(events: RaceEvent[][], settlements: Settlement[], honoured: string[] = []): boolean {
    const ending = { at: 5_000, settlements, honours: (token: string) => honoured.includes(token) };
    return recoveryViolations(new Findings(events.flat()), ending).length === 0;
  }

  it('holds when everybody has a good token', () => {
    expect(recovered(stored, [valid, valid], ['two'])).toBe(true);
  });

  it('is broken when some have a token and others have none', () => {
    expect(recovered(lost, [valid, over])).toBe(false);
  });

  it('is broken when the session is over though the server honours what was stored', () => {
    expect(recovered(stored, [over, over], ['two'])).toBe(false);
  });

  it('is broken by an interrupted refresh as the reason when none was', () => {
    expect(recovered(stored, [over, over])).toBe(false);
    expect(recovered(stored, [taken, taken])).toBe(true);
    const again = [leased('1', 1_100), refreshed('1', 1_110, { presents: 'one', gives: 'three' })];
    expect(recovered([...stored, ...again, committed('1', 1_120, 3)], [over, over])).toBe(true);
  });

  it('is broken by a session that is over without a reason', () => {
    expect(recovered(lost, [over, silent])).toBe(false);
  });

  it('holds when an answer was lost with the tokens, and everybody says so', () => {
    expect(recovered(lost, [over, over])).toBe(true);
    const loss = struck(30, 90, { losesWrites: true });
    expect(recovered([...stored, loss], [over, over], ['two'])).toBe(true);
  });
});
