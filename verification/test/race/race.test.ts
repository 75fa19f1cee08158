import { type RaceOptions, type RaceReport, race, raceProcesses, tellRace } from '@frameio-auth/conformance';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AGAIN, SEED } from '../../../tests/seeds.ts';
import { type Field, type FieldName, fields } from '../../race/fields.ts';

const processes = raceProcesses();
afterAll(() => processes.close());

/** Runs a race with a server that accepts a spent refresh token once more, so that no fault may end the session. */
async function raceOver(
  field: Field,
  faults: readonly string[],
  options: Partial<RaceOptions> = {},
): Promise<RaceReport> {
  const report = await race({
    ...field.options,
    processes,
    members: 3,
    seed: SEED,
    duration: 1_500,
    pace: 250,
    leaseTtl: 1_000,
    faults: faults.flatMap((fault) => field.faults[fault] ?? []),
    server: { accessTokenLifetime: 1, gracePeriod: 60_000 },
    ...options,
  });
  expect(report.violations, tellRace(report)).toStrictEqual([]);
  expect(report.refreshes).toBeGreaterThan(0);
  expect(report.handed).toBeGreaterThan(0);
  expect(Object.keys(report.strikes).length > 0).toBe(faults.length > 0);
  return report;
}

const everybodyIsValid = ({ settlements }: RaceReport) => settlements.every(({ valid }) => valid);

describe(`three processes that share a session in one Redis server (${AGAIN})`, () => {
  let redis: Field;
  beforeAll(async () => {
    redis = await fields.redis();
  });
  afterAll(() => redis.close());

  it('make one request for each refresh when nothing goes wrong', async () => {
    // The lease lasts as long as in life: here no process dies, and a slow one must not lose its lease.
    const { tokenRequests, refreshes } = await raceOver(redis, [], { leaseTtl: 30_000 });
    expect(tokenRequests).toBe(refreshes);
  });

  it('do nothing wrong and end up with a good token when they are killed, cut off, unanswered, and Redis is restarted', async () => {
    const report = await raceOver(redis, ['kill', 'cut', 'lost answer', 'restart'], { duration: 4_000 });
    expect(everybodyIsValid(report)).toBe(true);
  });

  it('do nothing wrong and end up with a good token when Redis comes back without its data', async () => {
    expect(everybodyIsValid(await raceOver(redis, ['data loss'], { duration: 2_500 }))).toBe(true);
  });

  it('do nothing wrong and end up with a good token when they are stopped for longer than their leases last', async () => {
    // A response that waited for a process to resume has a token that is still valid.
    const server = { accessTokenLifetime: 4, gracePeriod: 60_000 };
    expect(everybodyIsValid(await raceOver(redis, ['pause'], { server }))).toBe(true);
  });
});

describe(`three processes that share a session (${AGAIN})`, () => {
  async function opened(name: FieldName): Promise<Field> {
    const field = await fields[name]();
    onTestFinished(() => field.close());
    return field;
  }

  it('do nothing wrong when sentinels make another server the master', async () => {
    await raceOver(await opened('sentinel'), ['failover'], { duration: 500 });
  });

  it('do nothing wrong when a cluster moves their record, and when the master dies that has it', async () => {
    const cluster = await opened('cluster');
    expect(everybodyIsValid(await raceOver(cluster, ['migration'], { duration: 1_000 }))).toBe(true);
    await raceOver(cluster, ['failover'], { duration: 500 });
  });
});
