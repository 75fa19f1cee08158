import { describe, expect, it } from 'vitest';
import { policy } from '../../src/machine/policy.js';
import { failures, HOUR, MINUTE, record, SERVICE, START, tokens, USER } from './fixtures.js';
import { TestSession } from './test-session.js';

const SECOND = 1_000;

/**
 * Requests a token continuously for the duration. Returns the pauses between the requests to the server, in seconds.
 */
function pauses(session: TestSession, duration: number, life: number): number[] {
  const asked: number[] = [];
  const end = session.now + duration;
  while (session.now < end) {
    session.after(100).send({ type: 'token.requested' });
    if (session.state === 'refreshing.leasing') {
      asked.push(session.now);
      session.send({ type: 'lease.granted', abandoned: false });
      session.receives({ expiresAt: session.now + life }).send({ type: 'commit.succeeded', version: 8 + asked.length });
    }
    expect(session.effectNames).toContain('serveCallers');
  }
  return asked.slice(1).map((time, index) => Math.round((time - (asked[index] ?? 0)) / SECOND));
}

describe.each([
  ['service', SERVICE],
  ['user', USER],
])('a server that issues tokens without a lifetime to a %s', (_, input) => {
  it('gets ever fewer requests, and callers get the present token', () => {
    const session = new TestSession(input).opensWith(record.holding(7, tokens(0))).after(2 * HOUR);
    expect(pauses(session, 10 * MINUTE, 0)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60]);
  });

  it('gets a request as soon as a caller decides that it is time', () => {
    const session = new TestSession(input).opensWith(record.holding(7, tokens(0))).after(2 * HOUR);
    pauses(session, MINUTE, 0);
    expect(session.send({ type: 'refresh.requested' }).state).toBe('refreshing.leasing');
  });

  it('gets requests as usual once its tokens have a lifetime', () => {
    const session = new TestSession(input).opensWith(record.holding(7, tokens(0))).after(2 * HOUR);
    pauses(session, MINUTE, 0);
    session.send({ type: 'refresh.requested' }).send({ type: 'lease.granted', abandoned: false });
    session.receives().send({ type: 'commit.succeeded', version: 90 });
    expect(session.state).toBe('valid.fresh');
    session.after(HOUR).send({ type: 'token.requested' });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.context.pace).toMatchObject({ early: 0 });
  });
});

it('does not delay tokens with a lifetime of a few seconds', () => {
  const session = new TestSession(SERVICE)
    .opensFresh()
    .asksServer()
    .receives({ expiresAt: START + 2 * SECOND });
  session.send({ type: 'commit.succeeded', version: 8 });
  const gaps = pauses(session, 30 * SECOND, 2 * SECOND);
  expect(gaps.every((gap) => gap <= 2)).toBe(true);
  expect(gaps.length).toBeGreaterThan(10);
});

it('slows down instances with clocks so far apart that each finds the tokens of the other expired', () => {
  const session = new TestSession(USER).opensFresh();
  let requests = 0;
  for (let version = 10; version < 310; version += 1) {
    // Another instance with a clock that is hours behind refreshed; a second later a caller requests a token here.
    session.send({ type: 'record.changed', version });
    session.send({ type: 'record.read', record: record.holding(version, tokens(session.now - 3 * HOUR)) });
    session.after(SECOND).send({ type: 'token.requested' });
    if (session.state !== 'refreshing.leasing') {
      expect(session.effectNames).toContain('serveCallers');
      continue;
    }
    requests += 1;
    version += 1;
    session.send({ type: 'lease.granted', abandoned: false }).receives();
    session.send({ type: 'commit.succeeded', version });
  }
  expect(requests).toBeLessThan(15);
});

it('delays no caller after an import', () => {
  const session = new TestSession(USER).opensFresh().asksServer().receives({ expiresAt: START });
  session.send({ type: 'commit.succeeded', version: 8 });
  session.send({ type: 'tokens.imported', tokens: tokens(session.now - 2 * HOUR) });
  session.send({ type: 'commit.succeeded', version: 9 }).send({ type: 'token.requested' });
  expect(session.state).toBe('refreshing.leasing');
});

it('slows down a service even while the storage cannot write its tokens', () => {
  const session = new TestSession(SERVICE).opensFresh().asksServer().receives({ expiresAt: START });
  session.send({ type: 'storage.failed', failure: failures.storage });
  for (let call = 0; call < 20; call += 1) {
    session.send({ type: 'token.requested' });
    expect(session.effectNames).toEqual(['serveCallers']);
  }
  session.after(policy.pace.first).send({ type: 'token.requested' });
  expect(session.state).toBe('refreshing.leasing');
});

describe.each([
  ['a service', SERVICE],
  ['a user', USER],
])('a token of %s that expired before it was written', (_, input) => {
  it('is refreshed at once, and served to no caller', () => {
    const session = new TestSession(input).opensFresh().asksServer().receives().after(HOUR);
    session.send({ type: 'commit.succeeded', version: 8 });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effectNames).toEqual(['adoptTokens', 'announceTokens', 'confirmSignIn', 'requestLease']);
    session.send({ type: 'lease.granted', abandoned: false }).receives().send({ type: 'commit.succeeded', version: 9 });
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toContain('serveCallers');
  });

  it('is served at last if each commit takes longer than a token is valid', () => {
    const session = new TestSession(input).opensFresh().asksServer();
    const served: boolean[] = [];
    for (let version = 8; session.state !== 'valid.due'; version += 1) {
      session.receives({ expiresAt: session.now + 2 * SECOND }).after(3 * SECOND);
      session.send({ type: 'commit.succeeded', version });
      served.push(session.effectNames.includes('serveCallers'));
      session.send({ type: 'lease.granted', abandoned: false });
    }
    expect(served).toEqual([false, false, false, true]);
  });
});

it('ends a session without a refresh token if its token expired before it was written', () => {
  const session = new TestSession(USER)
    .opensWith(record.absent)
    .send({ type: 'code.received' })
    .send({ type: 'token.requested' });
  session.receives({ refreshable: false }).after(HOUR).send({ type: 'commit.succeeded', version: 1 });
  expect(session.state).toBe('expired');
  expect(session.effectNames).not.toContain('serveCallers');
  expect(session.effect('rejectCallers')).toMatchObject({ rejection: { ending: { cause: 'access_token_expired' } } });
});

describe('a token that expired before its write failed', () => {
  it('is refreshed by a service without the storage, at its pace', () => {
    const session = new TestSession(SERVICE).opensFresh().asksServer();
    const served: boolean[] = [];
    while (session.state !== 'valid.unsaved') {
      session.receives({ expiresAt: session.now + 2 * SECOND }).after(3 * SECOND);
      session.send({ type: 'storage.failed', failure: failures.storage });
      served.push(session.effectNames.includes('serveCallers'));
      if (served.length < 4) session.send({ type: 'storage.failed', failure: failures.storage });
    }
    expect(served).toEqual([false, false, false, true]);
  });

  it('is served to no caller of a session that waits for the storage', () => {
    const session = new TestSession(USER).opensFresh().asksServer().receives().after(HOUR);
    session.send({ type: 'storage.failed', failure: failures.storage });
    expect(session.state).toBe('valid.unsaved');
    expect(session.effectNames).not.toContain('serveCallers');
    expect(session.effect('rejectCallers')).toEqual({ rejection: { reason: 'failed', failure: failures.storage } });
  });
});

describe('a token from the future', () => {
  it.each([
    ['a day', 24 * HOUR, 'valid.due'],
    ['eleven seconds', 11 * SECOND, 'valid.due'],
    ['nine seconds', 9 * SECOND, 'valid.fresh'],
  ])('of %s', (_, ahead, state) => {
    const session = new TestSession(USER);
    session.opensWith(record.holding(7, tokens(session.now + ahead)));
    expect(session.state).toBe(state);
  });

  it('is refreshed when a caller asks, and served meanwhile', () => {
    const session = new TestSession(USER);
    session.opensWith(record.holding(7, tokens(session.now + 24 * HOUR)));
    session.send({ type: 'token.requested' });
    expect(session.state).toBe('refreshing.leasing');
  });

  it('without a refresh token is served until it expires', () => {
    const session = new TestSession(USER);
    session.opensWith(record.holding(7, tokens(session.now + 24 * HOUR, { refreshable: false })));
    expect(session.state).toBe('valid.fresh');
  });
});
