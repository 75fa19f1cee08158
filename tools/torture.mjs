import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { capture } from './child.mjs';
import { elapsed, paint } from './progress.mjs';
import { Trouble } from './trouble.mjs';

/**
 * A random test that `torture` runs again and again, each time with a seed of its own.
 *
 * @typedef {object} Trial
 * @property {string} name
 * @property {number} [seeds] how many seeds one run tries, from the given one on. Default: 1
 * @property {(seed: number) => string[]} command the job of tools/run.mjs, and its arguments
 * @property {(seed: number) => string[]} again the same for a single seed, to repeat a failure
 * @property {RegExp} [failing] finds in the output the seeds that failed, where a run tries several
 */

/** @param {string} name @param {string[]} rest @returns {Trial} a race that is repeated as it is run */
function raceIn(name, ...rest) {
  const command = (/** @type {number} */ seed) => ['race', '--seeds', '1', '--seed', String(seed), ...rest];
  return { name, command, again: command };
}

/** @type {Trial[]} */
const TRIALS = [
  {
    name: 'simulate',
    seeds: 300,
    command: (seed) => ['simulate', '--all', '--seeds', '300', '--from', String(seed)],
    again: (seed) => ['simulate', '--seed', String(seed)],
    failing: /^seed (\d+): /gm,
  },
  raceIn('race, redis', '--storage', 'redis'),
  { name: 'fuzz', command: fuzz, again: fuzz },
  raceIn('race, file', '--storage', 'file'),
  { name: 'soak', command: soak, again: soak },
  raceIn('race, sentinel', '--storage', 'sentinel'),
  { name: 'crash', command: crash, again: crash },
  raceIn('race, cluster', '--storage', 'cluster'),
];

/** @param {number} seed */
function fuzz(seed) {
  return ['fuzz', '--times', '5', '--seed', String(seed)];
}

/** @param {number} seed */
function soak(seed) {
  return ['soak', '--requests', '10000', '--seed', String(seed)];
}

/** @param {number} seed */
function crash(seed) {
  return ['crash', '--kills', '50', '--seed', String(seed)];
}

/** How many trials run at the same time. */
const LANES = 2;

/** How long a trial may take, in milliseconds: many times what it takes, so only one that hangs is stopped. */
const LONGEST = 7_200_000;

/**
 * Runs the random tests with fresh seeds for a given time, or the whole gate several times beside a busy machine.
 *
 * @param {string} root
 * @param {import('./toolchain.mjs').Toolchain} toolchain
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function torture(root, toolchain, args) {
  const { values, positionals } = parseArgs({
    args,
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
  const run = (/** @type {string[]} */ command) =>
    capture(toolchain.node, [join(root, 'tools/run.mjs'), ...command], {
      cwd: root,
      env: toolchain.env,
      timeout: LONGEST,
    });
  const keep = (/** @type {string} */ name, /** @type {string} */ output) =>
    writeFile(join(folder, `${name.replace(/\W+/g, '-')}.log`), output);
  if (values.gate !== undefined) {
    const times = numberOf('--gate', values.gate);
    return tortureGate({ times, gates: positionals, toolchain, root, run, keep });
  }
  const [seed, minutes] = [numberOf('--seed', values.seed), numberOf('--minutes', values.minutes)];
  const chosen = positionals.length === 0 ? TRIALS : TRIALS.filter(({ name }) => positionals.includes(name));
  const unknown = positionals.find((wish) => TRIALS.every(({ name }) => name !== wish));
  if (unknown !== undefined)
    throw new Trouble(`There is no "${unknown}": ${TRIALS.map(({ name }) => name).join(', ')}.`);
  const deadline = performance.now() + minutes * 60_000;
  return tortureBySeeds({ trials: chosen, seed, goesOn: () => performance.now() < deadline, run, keep });
}

/**
 * @typedef {(command: string[]) => Promise<import('./child.mjs').Outcome>} Run runs a job of tools/run.mjs
 * @typedef {(name: string, output: string) => Promise<void>} Keep keeps the output of a failure
 */

/**
 * Runs trials in turn, two at a time. Each failing seed is named with the command that repeats it.
 *
 * @param {{ trials: Trial[], seed: number, goesOn: () => boolean, run: Run, keep: Keep }} options `goesOn`: whether
 *   another trial may begin
 * @returns {Promise<number>} the exit code: 1 when a seed failed
 */
export async function tortureBySeeds({ trials, seed, goesOn, run, keep }) {
  const start = performance.now();
  /** @type {string[]} */
  const failures = [];
  let [turn, next] = [0, seed];
  const lane = async () => {
    // Each trial has its turn before the time may be over.
    while (turn < trials.length || goesOn()) {
      const trial = /** @type {Trial} */ (trials[turn % trials.length]);
      const [first, count] = [next, trial.seeds ?? 1];
      turn += 1;
      next = (next + count) % 2 ** 31;
      const begun = performance.now();
      const { code, output } = await run(trial.command(first));
      const named = code === 0 || trial.failing === undefined ? [] : [...output.matchAll(trial.failing)];
      const failing = named.map(([, failed]) => trial.again(Number(failed)));
      if (code !== 0 && failing.length === 0) failing.push(trial.command(first));
      const span = count === 1 ? `seed ${first}` : `seeds ${first} to ${first + count - 1}`;
      tell(failing.length === 0, `${trial.name}, ${span}`, begun);
      for (const command of failing) {
        const again = `npm run ${command[0]} -- ${command.slice(1).join(' ')}`;
        failures.push(again);
        process.stdout.write(`    ${again}\n`);
      }
      if (failing.length > 0) await keep(`${trial.name} ${first}`, output);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  process.stdout.write(`\n${turn} runs in ${elapsed(start)}, ${failures.length} failing seeds\n`);
  if (failures.length > 0) process.stdout.write(`${failures.join('\n')}\nWhat they said is in artifacts/torture.\n`);
  return failures.length === 0 ? 0 : 1;
}

/**
 * Runs the gate several times while another process keeps every core busy: a test that depends on the pace of the
 * machine fails in one of them.
 *
 * @param {object} options
 * @param {number} options.times
 * @param {string[]} options.gates names of gates; none: all
 * @param {string} options.root
 * @param {import('./toolchain.mjs').Toolchain} options.toolchain
 * @param {Run} options.run
 * @param {Keep} options.keep
 * @returns {Promise<number>} the exit code: 1 when a run failed
 */
async function tortureGate({ times, gates, root, toolchain, run, keep }) {
  let failed = 0;
  const burden = spawn(toolchain.node, [join(root, 'tools/burden.mjs')], { stdio: ['pipe', 'ignore', 'inherit'] });
  try {
    for (let time = 1; time <= times; time += 1) {
      const begun = performance.now();
      const { code, output } = await run(['test', ...gates]);
      if (code !== 0) failed += 1;
      tell(code === 0, `gate, ${time} of ${times}: ${output.trimEnd().split('\n').at(-1)}`, begun);
      if (code !== 0) {
        await keep(`gate ${time}`, output);
        for (const line of output.split('\n').filter((one) => /^failed {2}| FAIL /.test(one))) {
          process.stdout.write(`    ${line.trim()}\n`);
        }
      }
    }
  } finally {
    burden.stdin.end();
  }
  process.stdout.write(`\n${times} runs beside a busy machine, ${failed} failed\n`);
  if (failed > 0) process.stdout.write('What they said is in artifacts/torture.\n');
  return failed === 0 ? 0 : 1;
}

/** @param {boolean} passed @param {string} what @param {number} since */
function tell(passed, what, since) {
  const word = passed ? paint('passed', 'green') : paint('failed', 'red');
  process.stdout.write(`${word}  ${what}  ${paint(elapsed(since), 'dim')}\n`);
}

/** @param {string} name @param {string} text */
function numberOf(name, text) {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Trouble(`${name} takes a whole number, and not "${text}".`);
}
