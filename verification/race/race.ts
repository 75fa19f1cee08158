/**
 * Races for the tokens of a session, one after the other, and prints what came of them:
 * `node tests/race/race.ts --seeds 50 --fault kill --storage redis`.
 */
import { parseArgs } from 'node:util';
import { type RaceReport, race, raceProcesses, tellRace } from '@frameio-auth/conformance';
import type { Rotation } from '@frameio-auth/testing';
import { type FieldName, fields, REQUEST_TIMEOUT } from './fields.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    /** The first of the seeds, which follow one another. */
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    /** One or more, such as `kill,pause`. Default: all that the storage offers. */
    fault: { type: 'string' },
    storage: { type: 'string', default: 'redis' },
    members: { type: 'string', default: '4' },
    duration: { type: 'string', default: '4000' },
    rotation: { type: 'string', default: 'strict' },
    /** Milliseconds in which the server takes a spent refresh token again. */
    grace: { type: 'string', default: '60000' },
  },
});

const open = fields[values.storage as FieldName];
if (open === undefined) throw new Error(`--storage is one of ${Object.keys(fields).join(', ')}.`);
const field = await open({ requestTimeout: REQUEST_TIMEOUT });
const processes = raceProcesses();
try {
  const names = values.fault?.split(',') ?? Object.keys(field.faults);
  const faults = names.map((name) => {
    const fault = field.faults[name];
    if (fault === undefined) throw new Error(`--fault is one of ${Object.keys(field.faults).join(', ')}.`);
    return fault;
  });
  const [first, count] = [Number(values.seed), Number(values.seeds)];
  const reports: RaceReport[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const report = await race({
      ...field.options,
      processes,
      seed,
      faults,
      members: Number(values.members),
      duration: Number(values.duration),
      server: { rotation: values.rotation as Rotation, gracePeriod: Number(values.grace) },
    });
    reports.push(report);
    console.log(report.violations.length === 0 ? summary(report) : `${tellRace(report)}\n\n${again(seed)}`);
  }
  console.table(totals(reports));
  if (reports.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
} finally {
  await processes.close();
  await field.close();
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
  strikes,
  handed,
  recovery,
}: RaceReport): string {
  const struck = Object.entries(strikes).map(([name, times]) => `${times} ${name}`);
  return [
    `Seed ${seed}:`,
    `${refreshes} refreshes by ${tokenRequests} requests (${ambiguous} again, ${late} of them too late, ${lapses} for a slow machine),`,
    `${handed} tokens handed out; ${struck.join(', ') || 'no faults'}; calm after ${recovery} ms.`,
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
    'tokens handed out': sum(({ handed }) => handed),
    strikes: sum(({ strikes }) => Object.values(strikes).reduce((total, times) => total + times, 0)),
    'sessions that ended': reports.filter(({ settlements }) => settlements.some(({ valid }) => !valid)).length,
    'longest recovery (ms)': Math.max(...reports.map(({ recovery }) => recovery)),
  };
}
