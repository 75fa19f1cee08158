import { describe, expect, it } from 'vitest';
import type { FinalState } from '../../src/race/commands.js';
import { Facts } from '../../src/race/facts.js';
import type { RaceEvent } from '../../src/race/history.js';
import { recoveryViolations, violationsIn } from '../../src/race/oracle.js';
import { asked, committed, faulty, leased, refreshed, returned } from './histories.js';

function violated(...events: (RaceEvent | RaceEvent[])[]): string[] {
  const history = events.flat().sort((one, other) => one.at - other.at);
  return violationsIn(new Facts(history)).map(({ invariant }) => invariant);
}

describe('one presentation', () => {
  const first = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' })];

  it('holds when each token is presented once', () => {
    const second = [leased('1', 30, { version: 2 }), refreshed('1', 40, { presents: 'two', gives: 'three' })];
    expect(violated(...first, committed('0', 20, 2), ...second, committed('1', 50, 3))).toStrictEqual([]);
  });

  it('is violated by a process that presents a token again after the response was written', () => {
    const again = [leased('1', 1_100, { version: 2 }), refreshed('1', 1_110, { presents: 'one', gives: 'other' })];
    expect(violated(...first, committed('0', 20, 2), ...again)).toStrictEqual(['one presentation']);
  });

  it('is violated by a process that presents a token again while another process holds the lease', () => {
    const again = refreshed('1', 500, { presents: 'one', gives: 'other' });
    expect(violated(...first, again)).toStrictEqual(['one presentation']);
  });

  it('is violated by a process that presents a token again after it got the response', () => {
    const again = refreshed('0', 500, { presents: 'one', gives: 'other' });
    expect(violated(...first, again)).toStrictEqual(['one presentation']);
  });

  it('is violated by a process that presents a token without a lease, when another process presents it later', () => {
    const again = [leased('1', 2_000), refreshed('1', 2_010, { presents: 'one', gives: 'other' })];
    expect(violated(refreshed('0', 10, { presents: 'one', gives: 'two' }), ...again)).toStrictEqual([
      'one presentation',
    ]);
  });

  it('allows to repeat a request that got no response', () => {
    const lost = refreshed('0', 10, { presents: 'one', gives: 'two', arrives: false });
    expect(violated(leased('0', 0), lost, refreshed('0', 15, { presents: 'one', gives: 'other' }))).toStrictEqual([]);
  });

  it('allows a process to present again under the lease that follows one that expired before its holder wrote', () => {
    const again = [leased('1', 1_100), refreshed('1', 1_110, { presents: 'one', gives: 'other' })];
    expect(violated(...first, ...again)).toStrictEqual([]);
  });

  it('allows a process that was stopped with a lease to present after the lease has expired', () => {
    const stopped = leased('1', -1_500);
    const late = refreshed('1', 30, { presents: 'one', gives: 'other' });
    expect(violated(stopped, ...first, committed('0', 20, 2), late)).toStrictEqual([]);
  });

  it('allows a process to present under a lease that a commit of another process has ended, but not a commit of its own', () => {
    const again = refreshed('0', 30, { presents: 'one', gives: 'other' });
    expect(violated(...first, committed('1', 20, 2), again)).toStrictEqual([]);
    expect(violated(...first, committed('0', 20, 2), again)).toStrictEqual(['one presentation']);
  });

  it('allows a process to present under a lease that was granted just before the commit of a process with an expired one', () => {
    const again = refreshed('1', 1_110, { presents: 'one', gives: 'other' });
    const granted = (version: number) =>
      violated(...first, committed('0', 1_099, 2), leased('1', 1_100, { version }), again);
    expect(granted(1)).toStrictEqual([]);
    expect(granted(2)).toStrictEqual(['one presentation']);
  });

  it('counts a renewed lease from its renewal', () => {
    const renewed = asked('0', 600, { call: 'renew', outcome: 'renewed', ttl: 1_000 });
    const again = refreshed('1', 1_110, { presents: 'one', gives: 'other' });
    expect(violated(...first, renewed, again)).toStrictEqual(['one presentation']);
  });

  it('allows a repetition after the loss of a confirmed write', () => {
    const again = [leased('1', 100), refreshed('1', 110, { presents: 'one', gives: 'other' })];
    const loss = faulty(30, 90, { losesWrites: true });
    expect(violated(...first, committed('0', 20, 2), loss, ...again)).toStrictEqual([]);
  });

  it('allows a token that the server kept to be presented at the next refresh, but not at the same time', () => {
    const kept = refreshed('0', 10, { presents: 'one' });
    const next = [leased('1', 40, { version: 2 }), refreshed('1', 50, { presents: 'one' })];
    expect(violated(leased('0', 0), kept, committed('0', 20, 2), ...next)).toStrictEqual([]);
    expect(violated(leased('0', 0), kept, refreshed('1', 15, { presents: 'one' }))).toStrictEqual(['one presentation']);
  });
});

describe('one holder', () => {
  it('is violated by a lease that is granted while another one is held', () => {
    expect(violated(leased('0', 0), leased('1', 500))).toStrictEqual(['one holder']);
  });

  it('holds when a lease is granted after the other one was released or has expired', () => {
    const released = [leased('0', 0), asked('0', 100, { call: 'release', outcome: 'released' })];
    expect(violated(...released, leased('1', 110))).toStrictEqual([]);
    expect(violated(leased('0', 0), leased('1', 1_001))).toStrictEqual([]);
  });

  it('holds when a lease is granted after a commit of any process, but not after a conflict', () => {
    const following = (outcome: 'committed' | 'conflict') =>
      violated(leased('0', 0), asked('1', 100, { call: 'commit', outcome }), leased('2', 110));
    expect(following('committed')).toStrictEqual([]);
    expect(following('conflict')).toStrictEqual(['one holder']);
  });

  it('holds when a commit ended a lease before the reply that grants it arrived, as its older version shows', () => {
    const granted = (version: number) =>
      violated(committed('0', 99, 2), leased('1', 100, { version }), leased('0', 150, { version: 2 }));
    expect(granted(1)).toStrictEqual([]);
    expect(granted(2)).toStrictEqual(['one holder']);
  });

  it('holds when a failed commit took effect later, as a newer version shows', () => {
    const failed = asked('1', 0, { call: 'commit', outcome: 'storage_timeout' });
    const granted = (version: number) =>
      violated(failed, leased('0', 50, { version: 1 }), leased('2', 500, { version }));
    expect(granted(2)).toStrictEqual([]);
    expect(granted(1)).toStrictEqual(['one holder']);
  });

  it('is violated by a newer version that no commit explains', () => {
    expect(violated(leased('0', 0, { version: 1 }), leased('1', 500, { version: 2 }))).toStrictEqual(['one holder']);
  });

  it('allows a second lease after the loss of a confirmed lease', () => {
    expect(violated(leased('0', 0), faulty(10, 90, { losesWrites: true }), leased('1', 100))).toStrictEqual([]);
  });
});

describe('growing versions', () => {
  const read = (process: string, at: number, version: number) =>
    asked(process, at, { call: 'read', outcome: 'read', version });

  it('is violated by an older version than an earlier reply contained', () => {
    expect(violated(read('0', 0, 5), read('1', 10, 4))).toStrictEqual(['growing versions']);
  });

  it('is violated by a version that is written twice', () => {
    expect(violated(committed('0', 0, 5), committed('1', 10, 5))).toStrictEqual(['growing versions']);
  });

  it('allows replies to concurrent calls to differ', () => {
    const late: RaceEvent = {
      ...{ kind: 'storage.answered', at: 20, asked: 0, process: '1', key: 'session', question: 0 },
      ...{ call: 'read', outcome: 'read', version: 4 },
    };
    expect(violated(read('0', 5, 5), late)).toStrictEqual([]);
  });

  it('allows an older version after the loss of the newer one, but not after another fault', () => {
    const [before, after] = [read('0', 0, 5), read('1', 100, 4)];
    expect(violated(before, faulty(10, 90, { losesWrites: true }), after)).toStrictEqual([]);
    expect(violated(before, faulty(10, 90), after)).toStrictEqual(['growing versions']);
  });
});

describe('living tokens', () => {
  const issued = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' })];

  it('is violated by a token that the server never issued', () => {
    expect(violated(returned('0', 10, 'invented'))).toStrictEqual(['living tokens']);
  });

  it('is violated by a token that has expired when the process decides to return it', () => {
    const served = returned('0', 100, 'access of two');
    expect(violated(...issued, committed('0', 20, 2), served)).toStrictEqual([]);
    expect(violated(...issued, committed('0', 20, 2), served, returned('0', 2_010, 'access of two'))).toStrictEqual([
      'living tokens',
    ]);
  });

  it('allows to return a token that expired on its way here, once, to the callers that were waiting', () => {
    const late = committed('0', 3_000, 2);
    expect(violated(...issued, late, returned('0', 3_002, 'access of two', 50))).toStrictEqual([]);
    expect(violated(...issued, late, returned('0', 3_002, 'access of two', 3_002))).toStrictEqual(['living tokens']);
    expect(violated(...issued, late, returned('1', 3_002, 'access of two', 50))).toStrictEqual(['living tokens']);
  });
});

it('no tokens after the end: a process that says that its session has ended returns none', () => {
  const issued = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' }), committed('0', 20, 2)];
  const over: RaceEvent = {
    kind: 'state.changed',
    at: 100,
    process: '0',
    step: 'expired',
    cause: 'refresh_interrupted',
  };
  const renewed: RaceEvent = { kind: 'state.changed', at: 150, process: '0', step: 'valid.fresh' };
  const served = returned('0', 200, 'access of two');
  expect(violated(...issued, over, served)).toStrictEqual(['no tokens after the end']);
  expect(violated(...issued, over, renewed, served)).toStrictEqual([]);
});

it('staying alive: no process ends unless it is killed', () => {
  expect(violated({ kind: 'process.ended', at: 0, process: '0', killed: false })).toStrictEqual(['staying alive']);
  expect(violated({ kind: 'process.ended', at: 0, process: '0', killed: true })).toStrictEqual([]);
});

describe('recovery', () => {
  const valid: FinalState = { valid: true, step: 'valid.fresh', cause: null, code: null };
  const over: FinalState = { valid: false, step: 'expired', cause: 'refresh_interrupted', code: 'invalid_grant' };
  const taken: FinalState = { ...over, cause: 'refresh_token_rejected' };
  const silent: FinalState = { ...over, cause: null };
  const stored = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two' }), committed('0', 20, 2)];
  const lost = [leased('0', 0), refreshed('0', 10, { presents: 'one', gives: 'two', arrives: false })];

  function recovered(events: RaceEvent[][], finalStates: FinalState[], honoured: string[] = []): boolean {
    const ending = { at: 5_000, finalStates, honours: (token: string) => honoured.includes(token) };
    return recoveryViolations(new Facts(events.flat()), ending).length === 0;
  }

  it('holds when every instance has a valid token', () => {
    expect(recovered(stored, [valid, valid], ['two'])).toBe(true);
  });

  it('is violated when some instances have a token and others have none', () => {
    expect(recovered(lost, [valid, over])).toBe(false);
  });

  it('is violated when the session has ended although the server honours what was stored', () => {
    expect(recovered(stored, [over, over], ['two'])).toBe(false);
  });

  it('is violated when the cause is an interrupted refresh and there was none', () => {
    expect(recovered(stored, [over, over])).toBe(false);
    expect(recovered(stored, [taken, taken])).toBe(true);
    const again = [leased('1', 1_100), refreshed('1', 1_110, { presents: 'one', gives: 'three' })];
    expect(recovered([...stored, ...again, committed('1', 1_120, 3)], [over, over])).toBe(true);
  });

  it('is violated by a session that has ended without a cause', () => {
    expect(recovered(lost, [over, silent])).toBe(false);
  });

  it('holds when a response was lost with the tokens, and every instance says so', () => {
    expect(recovered(lost, [over, over])).toBe(true);
    const loss = faulty(30, 90, { losesWrites: true });
    expect(recovered([...stored, loss], [over, over], ['two'])).toBe(true);
  });
});
