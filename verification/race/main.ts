/** Runs one race after another and prints their results: `npm run race -- --seeds 50 --fault kill --storage redis`. */
import { parseArgs } from 'node:util';
import { formatRaceReport, type RaceReport, race, raceProcesses } from '@frameio-auth/conformance';
import type { Rotation } from '@frameio-auth/testing';
import { REQUEST_TIMEOUT, type StorageName, storages } from './storages.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    /** The first of the seeds, which follow one another. */
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    /** One or more, such as `kill,pause`. Default: all that the storage offers. */
    fault: { type: 'string' },
    storage: { type: 'string', default: 'redis' },
    instances: { type: 'string', default: '4' },
    duration: { type: 'string', default: '4000' },
    rotation: { type: 'string', default: 'strict' },
    /** For how many milliseconds the server accepts a spent refresh token again. */
    grace: { type: 'string', default: '60000' },
  },
});

const open = storages[values.storage as StorageName];
if (open === undefined) throw new Error(`--storage is one of ${Object.keys(storages).join(', ')}.`);
const storage = await open({ requestTimeout: REQUEST_TIMEOUT });
const processes = raceProcesses();
try {
  const names = values.fault?.split(',') ?? Object.keys(storage.faults);
  const faults = names.map((name) => {
    const fault = storage.faults[name];
    if (fault === undefined) throw new Error(`--fault is one of ${Object.keys(storage.faults).join(', ')}.`);
    return fault;
  });
  const [first, count] = [Number(values.seed), Number(values.seeds)];
  const reports: RaceReport[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const report = await race({
      ...storage.options,
      processes,
      seed,
      faults,
      instances: Number(values.instances),
      duration: Number(values.duration),
      server: { rotation: values.rotation as Rotation, gracePeriod: Number(values.grace) },
    });
    reports.push(report);
    console.log(report.violations.length === 0 ? summary(report) : `${formatRaceReport(report)}\n\n${again(seed)}`);
  }
  console.table(totals(reports));
  if (reports.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
} finally {
  await processes.close();
  await storage.close();
}

/** Races differ by the microsecond, so a seed that found something may have to run more than once. */
function again(seed: number): string {
  const { seeds: _, seed: __, ...others } = values;
  const options = Object.entries(others).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} '${value}'`],
  );
  return `To see it again: npm run race -- --seeds 10 --seed ${seed} ${options.join(' ')}`;
}

function summary({
  seed,
  refreshes,
  tokenRequests,
  ambiguous,
  late,
  lapses,
  faultCounts,
  tokens,
  recovery,
}: RaceReport): string {
  const faults = Object.entries(faultCounts).map(([name, times]) => `${times} ${name}`);
  return [
    `Seed ${seed}:`,
    `${refreshes} refreshes by ${tokenRequests} requests (${ambiguous} again, ${late} of them too late, ${lapses} for a slow machine),`,
    `${tokens} tokens returned; ${faults.join(', ') || 'no faults'}; recovered after ${recovery} ms.`,
  ].join(' ');
}

function totals(reports: readonly RaceReport[]): Record<string, number> {
  const sum = (of: (report: RaceReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  return {
    races: reports.length,
    violations: sum(({ violations }) => violations.length),
    refreshes: sum(({ refreshes }) => refreshes),
    'token requests': sum(({ tokenRequests }) => tokenRequests),
    'of these again': sum(({ ambiguous }) => ambiguous),
    'too late': sum(({ late }) => late),
    'for a slow machine': sum(({ lapses }) => lapses),
    'tokens returned': sum(({ tokens }) => tokens),
    faultCounts: sum(({ faultCounts }) => Object.values(faultCounts).reduce((total, times) => total + times, 0)),
    'sessions that ended': reports.filter(({ finalStates }) => finalStates.some(({ valid }) => !valid)).length,
    'longest recovery (ms)': Math.max(...reports.map(({ recovery }) => recovery)),
  };
}
