import { fault, type RaceFault, type RaceReport, type Rotation, race } from '@frameio-auth/testing';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { fields } from './fields.js';

/**
 * Milliseconds. Shorter than in life, because a test waits for its end, and longer than a busy machine stops a process: a
 * lease that ends in the middle of a refresh allows a second presentation, which ends the session here.
 */
const LEASE = 2_500;

/**
 * Stops the first process that refreshes, when the server has rotated the token and before it can read the answer, and
 * lets it go on when another process has taken over and heard what the server says to the same token.
 */
function pausePastItsLease(): RaceFault {
  let struck = false;
  return {
    name: 'pause past the lease',
    async strike(race) {
      if (struck) return;
      struck = true;
      const held = fault.heldAnswer();
      void race.failNextAnswer(held);
      const member = await race.nextToRefresh();
      if (member === undefined) throw new Error('Nobody refreshed.');
      await held.reached;
      await race.during({ member }, async () => {
        member.pause();
        held.release();
        const refreshes = { grantType: 'refresh_token' };
        await race.server.waitFor(refreshes, race.server.count(refreshes) + 1);
        await race.wait(300);
        member.resume();
      });
    },
  };
}

/** These tests run side by side, so each says by its own context when its Redis may end. */
async function racePaused(
  { onTestFinished }: TestContext,
  server: { rotation: Rotation; gracePeriod: number },
): Promise<RaceReport> {
  const field = await fields.redis();
  onTestFinished(() => field.close());
  return race({
    ...field.options,
    members: 2,
    seed: 1,
    duration: 3_500,
    pace: 50,
    leaseTtl: LEASE,
    faults: [pausePastItsLease()],
    server,
  });
}

/** Why sessions were over, at any time, each reason once. */
const causes = ({ history }: RaceReport) =>
  new Set(history.flatMap((event) => (event.kind === 'state' && event.cause !== undefined ? [event.cause] : [])));

/** What the server said to the first refresh token that was presented, each time. */
function answersToFirst({ history }: RaceReport): string[] {
  const presentations = history.filter((event) => event.kind === 'token.presented');
  const token = presentations[0]?.refreshToken;
  const requests = presentations.filter(({ refreshToken }) => refreshToken === token).map(({ request }) => request);
  const decisions = history.filter((event) => event.kind === 'token.decided');
  return requests.flatMap((request) => decisions.find((event) => event.request === request)?.outcome ?? []);
}

describe.concurrent('an instance that is paused for longer than its lease in the middle of a refresh', () => {
  it('costs a request where the server takes a spent token once more', async (context) => {
    const report = await racePaused(context, { rotation: 'strict', gracePeriod: 60_000 });
    expect(report.violations).toStrictEqual([]);
    expect(answersToFirst(report)).toStrictEqual(['granted', 'granted']);
    expect(causes(report)).toStrictEqual(new Set());
    expect(report.settlements.map(({ valid }) => valid)).toStrictEqual([true, true]);
  });

  it('ends the session where the server does not, until it wakes up with the tokens that mend it', async (context) => {
    const report = await racePaused(context, { rotation: 'strict', gracePeriod: 0 });
    expect(report.violations).toStrictEqual([]);
    expect(answersToFirst(report)).toStrictEqual(['granted', 'refused']);
    expect(causes(report)).toStrictEqual(new Set(['refresh_interrupted']));
    expect(report.settlements.map(({ valid }) => valid)).toStrictEqual([true, true]);
  });

  it('ends the session for good where the second presentation revokes every token of the sign-in', async (context) => {
    const report = await racePaused(context, { rotation: 'revoke-chain', gracePeriod: 0 });
    expect(report.violations).toStrictEqual([]);
    expect(answersToFirst(report)).toStrictEqual(['granted', 'refused']);
    expect(causes(report)).toStrictEqual(new Set(['refresh_interrupted', 'refresh_token_rejected']));
    expect(report.settlements.map(({ cause }) => cause)).toStrictEqual([
      'refresh_token_rejected',
      'refresh_token_rejected',
    ]);
  });
});

/** The real ratio of the two, a sixth of their size: a request may take 15 s, and a lease lasts 30 s. In milliseconds. */
const SCALED = { requestTimeout: 2_500, lease: 5_000, pause: 3_000 };

/** Stops the first process that refreshes for longer than its request may take, while the answer reaches its socket. */
function pausePastTheTimeOut(): RaceFault {
  let struck = false;
  return {
    name: 'pause past the time-out',
    async strike(race) {
      if (struck) return;
      struck = true;
      const held = fault.heldAnswer();
      void race.failNextAnswer(held);
      const member = await race.nextToRefresh();
      if (member === undefined) throw new Error('Nobody refreshed.');
      await held.reached;
      await race.during({ member }, async () => {
        member.pause();
        held.release();
        await race.wait(SCALED.pause);
        member.resume();
      });
    },
  };
}

it('an instance that is paused for longer than its time-out and shorter than its lease uses the answer that came meanwhile', async () => {
  const field = await fields.redis(SCALED);
  onTestFinished(() => field.close());
  const report = await race({
    ...field.options,
    members: 2,
    seed: 1,
    duration: 4_000,
    pace: 50,
    leaseTtl: SCALED.lease,
    faults: [pausePastTheTimeOut()],
    // The spent token would end the session for everybody.
    server: { rotation: 'revoke-chain', gracePeriod: 0 },
  });
  expect(report.violations).toStrictEqual([]);
  expect(answersToFirst(report)).toStrictEqual(['granted']);
  expect(causes(report)).toStrictEqual(new Set());
  expect(report.settlements.map(({ valid }) => valid)).toStrictEqual([true, true]);
});
