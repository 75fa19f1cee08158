import {
  type RaceEvent,
  type RaceFault,
  type RaceInProgress,
  type RaceOptions,
  type RaceReport,
  race,
  raceProcesses,
} from '@frameio-auth/conformance';
import { fault, type HeldFault } from '@frameio-auth/testing';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type RaceStorage, storages } from '../../race/storages.ts';

/** For what hangs, in milliseconds. */
const HANGS = 120_000;

/** What happens to the first refresh of a race. */
interface Scenario {
  readonly name: string;
  /** Holds the request, or the response to it. */
  readonly held: HeldFault;
  /** What happens to the request. Default: `held`. */
  readonly fault?: Parameters<RaceInProgress['failNextResponse']>[0];
  /** Runs while the process is stopped; it resumes when this resolves. */
  whileStopped(race: RaceInProgress, stopped: number): Promise<unknown>;
  /** What the process must have done before the race ends. Default: nothing. */
  afterwards?(race: RaceInProgress, stopped: number): Promise<unknown>;
}

/** Stops the process that refreshes first, in the middle of its refresh. */
function stoppingOnce({ name, held, fault = held, whileStopped, afterwards }: Scenario): RaceFault {
  let wasInjected = false;
  return {
    name,
    async inject(race) {
      if (wasInjected) return;
      wasInjected = true;
      void race.failNextResponse(fault);
      const instance = await race.nextToRefresh();
      if (instance === undefined) throw new Error('No instance refreshed.');
      await held.reached;
      await race.during({ instance }, async () => {
        instance.pause();
        await whileStopped(race, instance.index);
        const done = afterwards?.(race, instance.index);
        instance.resume();
        await done;
      });
    },
  };
}

/** Resolves when another process than the one that is stopped has written the result of its own refresh. */
function anotherCommits(race: RaceInProgress, stopped: number): Promise<RaceEvent> {
  return race.nextEvent(
    (event) =>
      event.kind === 'storage.answered' &&
      event.call === 'commit' &&
      event.outcome === 'committed' &&
      event.process !== String(stopped),
  );
}

/** Resolves when the process that was stopped has offered the tokens that it got, whether they were accepted or not. */
function itsOwnCommit(race: RaceInProgress, stopped: number): Promise<RaceEvent> {
  return race.nextEvent(
    (event) => event.kind === 'storage.answered' && event.call === 'commit' && event.process === String(stopped),
  );
}

const processes = raceProcesses();
afterAll(() => processes.close());

/** Runs a race of two instances that ends after its scenario and the recovery. */
function raceThrough(storage: RaceStorage, scenario: Scenario, options: Partial<RaceOptions>): Promise<RaceReport> {
  return race({
    ...storage.options,
    processes,
    instances: 2,
    seed: 1,
    duration: 100,
    pace: 50,
    opportunity: HANGS,
    calm: HANGS,
    faults: [stoppingOnce(scenario)],
    ...options,
  });
}

/** Why sessions were over, at any time, each reason once. */
const causes = ({ history }: RaceReport) =>
  new Set(
    history.flatMap((event) => (event.kind === 'state.changed' && event.cause !== undefined ? [event.cause] : [])),
  );

/** What the server said to the first refresh token that was presented, each time. */
function answersToFirst({ history }: RaceReport): string[] {
  const presentations = history.filter((event) => event.kind === 'token.presented');
  const token = presentations[0]?.refreshToken;
  const requests = presentations.filter(({ refreshToken }) => refreshToken === token).map(({ request }) => request);
  const decisions = history.filter((event) => event.kind === 'token.decided');
  return requests.flatMap((request) => decisions.find((event) => event.request === request)?.outcome ?? []);
}

/**
 * Milliseconds. Shorter than in life, because these tests wait for its end, and longer than a busy machine stops a
 * process: a lease that ends in the middle of a refresh allows a second presentation, which ends the session here.
 */
const LEASE = 5_000;

/** The spent token would end the session for all instances. */
const UNFORGIVING = { rotation: 'revoke-chain', gracePeriod: 0 } as const;

/** The server has rotated the token, and the process cannot read the response before another one has taken over. */
function pausePastTheLease(): Scenario {
  const held = fault.heldAnswer();
  return {
    name: 'pause past the lease',
    held,
    whileStopped(race, stopped) {
      held.release();
      return anotherCommits(race, stopped);
    },
    afterwards: itsOwnCommit,
  };
}

/** The request is lost on its way to the server, which the process learns after another one has refreshed. */
function requestLostBeforeAPause(): Scenario {
  const held = fault.held();
  return {
    name: 'request lost before a pause',
    held,
    fault: fault.chain(held, fault.dropped()),
    async whileStopped(race, stopped) {
      await anotherCommits(race, stopped);
      held.release();
    },
  };
}

/** The response reaches the socket of the process, which resumes after its request has timed out. */
function pausePastTheTimeOut(ms: number): Scenario {
  const held = fault.heldAnswer();
  return {
    name: 'pause past the time-out',
    held,
    whileStopped(race) {
      held.release();
      return race.wait(ms);
    },
  };
}

describe('an instance that is paused for longer than its lease in the middle of a refresh', () => {
  /**
   * Two tests wait side by side, so each says by its own context when its Redis may end. More would start more processes,
   * which takes longest; these use those of the first two.
   */
  async function racePaused(
    { onTestFinished }: TestContext,
    server: RaceOptions['server'] & object,
    scenario = pausePastTheLease(),
  ): Promise<RaceReport> {
    const storage = await storages.redis();
    onTestFinished(() => storage.close());
    return raceThrough(storage, scenario, { leaseTtl: LEASE, server });
  }

  describe('by a server that rotates refresh tokens', () => {
    it.concurrent('costs a request if the server accepts a spent token once more', async (context) => {
      const report = await racePaused(context, { rotation: 'strict', gracePeriod: 60_000 });
      expect(report.violations).toStrictEqual([]);
      expect(answersToFirst(report)).toStrictEqual(['granted', 'granted']);
      expect(causes(report)).toStrictEqual(new Set());
      expect(report.finalStates.map(({ valid }) => valid)).toStrictEqual([true, true]);
    });

    it.concurrent('ends the session where the server does not, until it wakes up with the tokens that mend it', async (context) => {
      const report = await racePaused(context, { rotation: 'strict', gracePeriod: 0 });
      expect(report.violations).toStrictEqual([]);
      expect(answersToFirst(report)).toStrictEqual(['granted', 'refused']);
      expect(causes(report)).toStrictEqual(new Set(['refresh_interrupted']));
      expect(report.finalStates.map(({ valid }) => valid)).toStrictEqual([true, true]);
    });
  });

  describe('by a server that also revokes the sign-in of a spent one', () => {
    it.concurrent('ends the session for good where the second presentation revokes every token of the sign-in', async (context) => {
      const report = await racePaused(context, UNFORGIVING);
      expect(report.violations).toStrictEqual([]);
      expect(answersToFirst(report)).toStrictEqual(['granted', 'refused']);
      expect(causes(report)).toStrictEqual(new Set(['refresh_interrupted', 'refresh_token_rejected']));
      expect(report.finalStates.map(({ cause }) => cause)).toStrictEqual([
        'refresh_token_rejected',
        'refresh_token_rejected',
      ]);
    });

    it.concurrent('does not repeat a request that was lost, when another instance has renewed meanwhile', async (context) => {
      const report = await racePaused(context, UNFORGIVING, requestLostBeforeAPause());
      expect(report.violations).toStrictEqual([]);
      expect(answersToFirst(report)).toStrictEqual(['granted']);
      expect(report.finalStates.map(({ valid }) => valid)).toStrictEqual([true, true]);
    });
  });
});

describe('an instance that is paused for longer than its time-out and shorter than its lease', () => {
  /** A third of the shipped time-out, and twice as long as a busy machine stops a process. Milliseconds. */
  const TIMEOUT = 5_000;
  let storage: RaceStorage;
  beforeAll(async () => {
    storage = await storages.redis({ requestTimeout: TIMEOUT });
  });
  afterAll(() => storage.close());

  it('uses the answer that came meanwhile', async () => {
    const scenario = pausePastTheTimeOut(TIMEOUT + 500);
    const report = await raceThrough(storage, scenario, { leaseTtl: 30_000, server: UNFORGIVING });
    expect(report.violations).toStrictEqual([]);
    expect(answersToFirst(report)).toStrictEqual(['granted']);
    expect(causes(report)).toStrictEqual(new Set());
    expect(report.finalStates.map(({ valid }) => valid)).toStrictEqual([true, true]);
  });
});
