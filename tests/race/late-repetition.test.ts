import { fault, type RaceFault, race } from '@frameio-auth/testing';
import { expect, it, onTestFinished } from 'vitest';
import { fields } from './fields.js';

/**
 * Milliseconds. Shorter than in life, because a test waits for its end, and longer than a busy machine stops a process: a
 * lease that ends in the middle of a refresh allows a second presentation, which ends the session here.
 */
const LEASE = 2_500;

/**
 * Loses the first refresh on its way to the server, and stops its process until another one has taken over and renewed.
 * What the stopped one finds when it goes on is a request without an answer.
 */
function losingARequestBeforeAPause(): RaceFault {
  let struck = false;
  return {
    name: 'request lost before a pause',
    async strike(race) {
      if (struck) return;
      struck = true;
      const held = fault.held();
      void race.failNextAnswer(fault.chain(held, fault.dropped()));
      const member = await race.nextToRefresh();
      if (member === undefined) throw new Error('Nobody refreshed.');
      await held.reached;
      await race.during({ member }, async () => {
        member.pause();
        const refreshes = { grantType: 'refresh_token' };
        await race.server.waitFor(refreshes, race.server.count(refreshes) + 1);
        await race.wait(300);
        held.release();
        await race.wait(50);
        member.resume();
      });
    },
  };
}

it('a request that was lost before a pause is not repeated when another instance has renewed meanwhile', async () => {
  const field = await fields.redis();
  onTestFinished(() => field.close());
  const report = await race({
    ...field.options,
    members: 2,
    seed: 1,
    duration: 2_500,
    pace: 50,
    leaseTtl: LEASE,
    faults: [losingARequestBeforeAPause()],
    // The spent token would end the session for everybody.
    server: { rotation: 'revoke-chain', gracePeriod: 0 },
  });
  expect(report.violations).toStrictEqual([]);
  expect(report.settlements.map(({ valid }) => valid)).toStrictEqual([true, true]);
});
