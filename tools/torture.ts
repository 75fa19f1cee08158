// Runs the random tests with fresh seeds for a given time, or the whole gate several times on a busy machine.
import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, styleText } from 'node:util';
import { forwardSignals, type Outcome } from './child.mjs';
import { CommandError, reportingErrors } from './command-error.mjs';
import { elapsed } from './progress.mjs';
import { npm } from './toolchain.mjs';

/** A random test that runs again and again, each time with another seed. */
export interface Trial {
  readonly name: string;
  /** How many seeds a run tries, from the given one on. Default: 1 */
  readonly seeds?: number;
  /** The arguments of `npm run`. */
  command(seed: number): string[];
  /** The same to repeat the failure of a seed. */
  again(seed: number): string[];
  /** Matches the seeds that failed in the output of a run that tries several. */
  readonly failing?: RegExp;
}

type Run = (command: string[]) => Promise<Outcome>;
/** Keeps the output of a failed run. */
type Keep = (name: string, output: string) => Promise<void>;

const TRIALS: readonly Trial[] = [
  {
    name: 'simulate',
    seeds: 300,
    command: (seed) => ['simulate', '--all', '--seeds', '300', '--from', String(seed)],
    again: (seed) => ['simulate', '--seed', String(seed)],
    failing: /^seed (\d+): /gm,
  },
  trial('race, redis', 'race', '--seeds', '1', '--storage', 'redis'),
  trial('fuzz', 'fuzz', '--times', '5'),
  trial('race, file', 'race', '--seeds', '1', '--storage', 'file'),
  trial('soak', 'soak', '--requests', '10000'),
  trial('race, sentinel', 'race', '--seeds', '1', '--storage', 'sentinel'),
  trial('crash', 'crash', '--kills', '50'),
  trial('race, cluster', 'race', '--seeds', '1', '--storage', 'cluster'),
];

function trial(name: string, ...args: string[]): Trial {
  const command = (seed: number) => [...args, '--seed', String(seed)];
  return { name, command, again: command };
}

const CONCURRENCY = 2;

/** How long a trial may take, in milliseconds: only one that hangs is stopped. */
const TIMEOUT = 7_200_000;

async function torture(root: string): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      gate: { type: 'string' },
    },
  });
  const folder = join(root, 'artifacts', 'torture');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const run: Run = ([name = '', ...args]) =>
    npm(['run', '--silent', name, '--', ...args], { cwd: root, timeout: TIMEOUT });
  const keep: Keep = (name, output) => writeFile(join(folder, `${name.replace(/\W+/g, '-')}.log`), output);
  if (values.gate !== undefined) return tortureGate(root, wholeNumber('--gate', values.gate), positionals, run, keep);
  const [seed, minutes] = [wholeNumber('--seed', values.seed), wholeNumber('--minutes', values.minutes)];
  const names = TRIALS.map(({ name }) => name);
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new CommandError(`There is no trial "${unknown}": ${names.join(', ')}.`);
  const trials = positionals.length === 0 ? TRIALS : TRIALS.filter(({ name }) => positionals.includes(name));
  const deadline = performance.now() + minutes * 60_000;
  return tortureBySeeds({ trials, seed, hasTime: () => performance.now() < deadline, run, keep });
}

function wholeNumber(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CommandError(`${option} must be a whole number, not "${text}".`);
}

/**
 * Runs trials in turn, each at least once. Reports each failed seed with the command that repeats it.
 *
 * @returns the exit code: 1 if a seed failed
 */
export async function tortureBySeeds(options: {
  readonly trials: readonly Trial[];
  readonly seed: number;
  hasTime(): boolean;
  readonly run: Run;
  readonly keep: Keep;
}): Promise<number> {
  const { trials, run, keep } = options;
  const start = performance.now();
  const failures: string[] = [];
  let [turn, next] = [0, options.seed];
  const lane = async () => {
    while (turn < trials.length || options.hasTime()) {
      const trial = trials[turn % trials.length] as Trial;
      const [first, count] = [next, trial.seeds ?? 1];
      turn += 1;
      next = (next + count) % 2 ** 31;
      const begun = performance.now();
      const { code, output } = await run(trial.command(first));
      const matches = code === 0 || trial.failing === undefined ? [] : [...output.matchAll(trial.failing)];
      const failed = matches.map(([, seed]) => trial.again(Number(seed)));
      if (code !== 0 && failed.length === 0) failed.push(trial.command(first));
      report(code === 0, `${trial.name}, ${count === 1 ? 'seed' : `${count} seeds from`} ${first}`, begun);
      for (const [command, ...args] of failed) {
        const again = `npm run ${command} -- ${args.join(' ')}`;
        failures.push(again);
        process.stdout.write(`    ${again}\n`);
      }
      if (code !== 0) await keep(`${trial.name} ${first}`, output);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  process.stdout.write(`\n${turn} runs in ${elapsed(start)}, ${failures.length} failing seeds\n`);
  if (failures.length > 0) process.stdout.write(`${failures.join('\n')}\nTheir output is in artifacts/torture.\n`);
  return failures.length === 0 ? 0 : 1;
}

/** Runs the gate while another process keeps every core busy, so that a test that depends on the machine's speed fails. */
async function tortureGate(root: string, times: number, gates: string[], run: Run, keep: Keep): Promise<number> {
  let failures = 0;
  const busy = spawn(process.execPath, [join(root, 'tools/busy-cores.ts')], { stdio: ['pipe', 'ignore', 'inherit'] });
  try {
    for (let time = 1; time <= times; time += 1) {
      const begun = performance.now();
      const { code, output } = await run(['test', ...gates]);
      const lines = output.trimEnd().split('\n');
      report(code === 0, `gate, ${time} of ${times}: ${lines.at(-1)}`, begun);
      if (code === 0) continue;
      failures += 1;
      await keep(`gate ${time}`, output);
      for (const line of lines.filter((one) => /^failed {2}| FAIL /.test(one))) {
        process.stdout.write(`    ${line.trim()}\n`);
      }
    }
  } finally {
    busy.stdin.end();
  }
  process.stdout.write(`\n${times} runs on a busy machine, ${failures} failed\n`);
  if (failures > 0) process.stdout.write('Their output is in artifacts/torture.\n');
  return failures === 0 ? 0 : 1;
}

function report(isPassed: boolean, what: string, since: number): void {
  const word = isPassed ? styleText('green', 'passed') : styleText('red', 'failed');
  process.stdout.write(`${word}  ${what}  ${styleText('dim', elapsed(since))}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  forwardSignals();
  process.exitCode = await reportingErrors(() => torture(fileURLToPath(new URL('..', import.meta.url))));
}
