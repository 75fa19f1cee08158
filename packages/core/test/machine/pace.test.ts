import { describe, expect, it } from 'vitest';
import { policy } from '../../src/machine/policy.js';
import { failures, HOUR, MINUTE, record, SERVICE, START, tokens, USER } from './fixtures.js';
import { Story } from './story.js';

const SECOND = 1_000;

/**
 * Requests a token continuously for the duration. Returns the pauses between the requests to the server, in seconds.
 */
function pauses(story: Story, duration: number, life: number): number[] {
  const asked: number[] = [];
  const end = story.now + duration;
  while (story.now < end) {
    story.after(100).hears({ type: 'token.requested' });
    if (story.place === 'refreshing.leasing') {
      asked.push(story.now);
      story.hears({ type: 'lease.granted', abandoned: false });
      story.receives({ expiresAt: story.now + life }).hears({ type: 'commit.succeeded', version: 8 + asked.length });
    }
    expect(story.deeds).toContain('serveCallers');
  }
  return asked.slice(1).map((time, index) => Math.round((time - (asked[index] ?? 0)) / SECOND));
}

describe.each([
  ['service', SERVICE],
  ['user', USER],
])('a server that gives tokens without a life to a %s', (_, input) => {
  it('is asked ever more seldom, and callers get what there is', () => {
    const story = new Story(input).opensWith(record.holding(7, tokens(0))).after(2 * HOUR);
    expect(pauses(story, 10 * MINUTE, 0)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60]);
  });

  it('is asked as soon as somebody decides that it is time', () => {
    const story = new Story(input).opensWith(record.holding(7, tokens(0))).after(2 * HOUR);
    pauses(story, MINUTE, 0);
    expect(story.hears({ type: 'refresh.requested' }).place).toBe('refreshing.leasing');
  });

  it('is asked as usual once its tokens live', () => {
    const story = new Story(input).opensWith(record.holding(7, tokens(0))).after(2 * HOUR);
    pauses(story, MINUTE, 0);
    story.hears({ type: 'refresh.requested' }).hears({ type: 'lease.granted', abandoned: false });
    story.receives().hears({ type: 'commit.succeeded', version: 90 });
    expect(story.place).toBe('valid.fresh');
    story.after(HOUR).hears({ type: 'token.requested' });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.context.pace).toMatchObject({ early: 0 });
  });
});

it('does not hold up tokens that live for a few seconds', () => {
  const story = new Story(SERVICE)
    .opensFresh()
    .asksServer()
    .receives({ expiresAt: START + 2 * SECOND });
  story.hears({ type: 'commit.succeeded', version: 8 });
  const gaps = pauses(story, 30 * SECOND, 2 * SECOND);
  expect(gaps.every((gap) => gap <= 2)).toBe(true);
  expect(gaps.length).toBeGreaterThan(10);
});

it('holds up instances whose clocks are so far apart that each finds the tokens of the other expired', () => {
  const story = new Story(USER).opensFresh();
  let requests = 0;
  for (let version = 10; version < 310; version += 1) {
    // Another instance with a clock that is hours behind refreshed; a second later a caller requests a token here.
    story.hears({ type: 'record.changed', version });
    story.hears({ type: 'record.read', record: record.holding(version, tokens(story.now - 3 * HOUR)) });
    story.after(SECOND).hears({ type: 'token.requested' });
    if (story.place !== 'refreshing.leasing') {
      expect(story.deeds).toContain('serveCallers');
      continue;
    }
    requests += 1;
    version += 1;
    story.hears({ type: 'lease.granted', abandoned: false }).receives();
    story.hears({ type: 'commit.succeeded', version });
  }
  expect(requests).toBeLessThan(15);
});

it('holds nobody up after tokens that were imported', () => {
  const story = new Story(USER).opensFresh().asksServer().receives({ expiresAt: START });
  story.hears({ type: 'commit.succeeded', version: 8 });
  story.hears({ type: 'tokens.imported', tokens: tokens(story.now - 2 * HOUR) });
  story.hears({ type: 'commit.succeeded', version: 9 }).hears({ type: 'token.requested' });
  expect(story.place).toBe('refreshing.leasing');
});

it('holds a service up also while the storage does not take its tokens', () => {
  const story = new Story(SERVICE).opensFresh().asksServer().receives({ expiresAt: START });
  story.hears({ type: 'storage.failed', failure: failures.storage });
  for (let call = 0; call < 20; call += 1) {
    story.hears({ type: 'token.requested' });
    expect(story.deeds).toEqual(['serveCallers']);
  }
  story.after(policy.pace.first).hears({ type: 'token.requested' });
  expect(story.place).toBe('refreshing.leasing');
});

describe.each([
  ['a service', SERVICE],
  ['a user', USER],
])('a token of %s that expired before it was written', (_, input) => {
  it('is renewed at once, and handed to no caller', () => {
    const story = new Story(input).opensFresh().asksServer().receives().after(HOUR);
    story.hears({ type: 'commit.succeeded', version: 8 });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deeds).toEqual(['adoptTokens', 'announceTokens', 'confirmSignIn', 'requestLease']);
    story.hears({ type: 'lease.granted', abandoned: false }).receives().hears({ type: 'commit.succeeded', version: 9 });
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toContain('serveCallers');
  });

  it('is handed out at last where each commit takes longer than a token lives', () => {
    const story = new Story(input).opensFresh().asksServer();
    const served: boolean[] = [];
    for (let version = 8; story.place !== 'valid.due'; version += 1) {
      story.receives({ expiresAt: story.now + 2 * SECOND }).after(3 * SECOND);
      story.hears({ type: 'commit.succeeded', version });
      served.push(story.deeds.includes('serveCallers'));
      story.hears({ type: 'lease.granted', abandoned: false });
    }
    expect(served).toEqual([false, false, false, true]);
  });
});

it('ends a session without a refresh token if its token expired before it was written', () => {
  const story = new Story(USER)
    .opensWith(record.absent)
    .hears({ type: 'code.received' })
    .hears({ type: 'token.requested' });
  story.receives({ refreshable: false }).after(HOUR).hears({ type: 'commit.succeeded', version: 1 });
  expect(story.place).toBe('expired');
  expect(story.deeds).not.toContain('serveCallers');
  expect(story.deed('rejectCallers')).toMatchObject({ rejection: { ending: { cause: 'access_token_expired' } } });
});

describe('a token that expired before the storage failed to take it', () => {
  it('is renewed by a service that goes on without the storage, at its pace', () => {
    const story = new Story(SERVICE).opensFresh().asksServer();
    const served: boolean[] = [];
    while (story.place !== 'valid.unsaved') {
      story.receives({ expiresAt: story.now + 2 * SECOND }).after(3 * SECOND);
      story.hears({ type: 'storage.failed', failure: failures.storage });
      served.push(story.deeds.includes('serveCallers'));
      if (served.length < 4) story.hears({ type: 'storage.failed', failure: failures.storage });
    }
    expect(served).toEqual([false, false, false, true]);
  });

  it('is handed to no caller of a session that waits for the storage', () => {
    const story = new Story(USER).opensFresh().asksServer().receives().after(HOUR);
    story.hears({ type: 'storage.failed', failure: failures.storage });
    expect(story.place).toBe('valid.unsaved');
    expect(story.deeds).not.toContain('serveCallers');
    expect(story.deed('rejectCallers')).toEqual({ rejection: { reason: 'failed', failure: failures.storage } });
  });
});

describe('a token from the future', () => {
  it.each([
    ['a day', 24 * HOUR, 'valid.due'],
    ['eleven seconds', 11 * SECOND, 'valid.due'],
    ['nine seconds', 9 * SECOND, 'valid.fresh'],
  ])('of %s', (_, ahead, place) => {
    const story = new Story(USER);
    story.opensWith(record.holding(7, tokens(story.now + ahead)));
    expect(story.place).toBe(place);
  });

  it('is renewed when somebody asks, and served meanwhile', () => {
    const story = new Story(USER);
    story.opensWith(record.holding(7, tokens(story.now + 24 * HOUR)));
    story.hears({ type: 'token.requested' });
    expect(story.place).toBe('refreshing.leasing');
  });

  it('without a refresh token is served until its end', () => {
    const story = new Story(USER);
    story.opensWith(record.holding(7, tokens(story.now + 24 * HOUR, { refreshable: false })));
    expect(story.place).toBe('valid.fresh');
  });
});
