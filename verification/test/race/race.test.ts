import { formatRaceReport, type RaceOptions, type RaceReport, race, raceProcesses } from '@frameio-auth/conformance';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AGAIN, SEED } from '../../../tests/seeds.ts';
import { type RaceStorage, type StorageName, storages } from '../../race/storages.ts';

const processes = raceProcesses();
afterAll(() => processes.close());

/** Runs a race with a server that accepts a spent refresh token once more, so that no fault may end the session. */
async function raceOver(
  storage: RaceStorage,
  faults: readonly string[],
  options: Partial<RaceOptions> = {},
): Promise<RaceReport> {
  const report = await race({
    ...storage.options,
    processes,
    instances: 3,
    seed: SEED,
    duration: 1_500,
    pace: 250,
    leaseTtl: 1_000,
    faults: faults.flatMap((fault) => storage.faults[fault] ?? []),
    server: { accessTokenLifetime: 1, gracePeriod: 60_000 },
    ...options,
  });
  expect(report.violations, formatRaceReport(report)).toStrictEqual([]);
  expect(report.refreshes).toBeGreaterThan(0);
  expect(report.tokens).toBeGreaterThan(0);
  expect(Object.keys(report.faultCounts).length > 0).toBe(faults.length > 0);
  return report;
}

const allAreValid = ({ finalStates }: RaceReport) => finalStates.every(({ valid }) => valid);

describe(`three processes that share a session in one Redis server (${AGAIN})`, () => {
  let redis: RaceStorage;
  beforeAll(async () => {
    redis = await storages.redis();
  });
  afterAll(() => redis.close());

  it('make one request for each refresh without faults', async () => {
    // The lease lasts as long as in production: no process dies here, and a slow one must not lose its lease.
    const { tokenRequests, refreshes } = await raceOver(redis, [], { leaseTtl: 30_000 });
    expect(tokenRequests).toBe(refreshes);
  });

  it('violate nothing and end with a valid token when they are killed, cut off, get no response, and Redis is restarted', async () => {
    const report = await raceOver(redis, ['kill', 'cut', 'lost answer', 'restart'], { duration: 4_000 });
    expect(allAreValid(report)).toBe(true);
  });

  it('violate nothing and end with a valid token when Redis returns without its data', async () => {
    expect(allAreValid(await raceOver(redis, ['data loss'], { duration: 2_500 }))).toBe(true);
  });

  it('violate nothing and end with a valid token when they are paused for longer than their leases last', async () => {
    // A response that waited for a process to resume has a token that is still valid.
    const server = { accessTokenLifetime: 4, gracePeriod: 60_000 };
    expect(allAreValid(await raceOver(redis, ['pause'], { server }))).toBe(true);
  });
});

describe(`three processes that share a session (${AGAIN})`, () => {
  async function opened(name: StorageName): Promise<RaceStorage> {
    const storage = await storages[name]();
    onTestFinished(() => storage.close());
    return storage;
  }

  it('violate nothing when sentinels make another server the master', async () => {
    await raceOver(await opened('sentinel'), ['failover'], { duration: 500 });
  });

  it('violate nothing when a cluster moves their record, and when the master dies that has it', async () => {
    const cluster = await opened('cluster');
    expect(allAreValid(await raceOver(cluster, ['migration'], { duration: 1_000 }))).toBe(true);
    await raceOver(cluster, ['failover'], { duration: 500 });
  });
});
