/**
 * Searches for bugs: `npm run simulate -- --seeds 10000`. Without a number of seeds it runs a thousand, from seed 1.
 *
 * `--seed 4711` runs one seed, and `--plan <file>` a plan that was printed. A failure is shrunk and reported. `--from`
 * begins at another seed, `--mutant` adds a mistake, and `--all` continues after a failure.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { type Mutant, mutants } from './mutants.ts';
import type { Plan } from './plan.ts';
import { planOf } from './planner.ts';
import { reportFailure, reportTally } from './report.ts';
import { shrink } from './shrinking.ts';
import { simulate } from './simulation.ts';
import { formatTrace } from './trace.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    plan: { type: 'string' },
    mutant: { type: 'string' },
    all: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const mutant = mutantOf(values.mutant);
  if (values.plan !== undefined) {
    return runOne(JSON.parse(await readFile(values.plan, 'utf8')), `--plan ${values.plan}`, mutant);
  }
  if (values.seed !== undefined) return runSeed(numberOf('--seed', values.seed), mutant);

  const seeds = numberOf('--seeds', values.seeds);
  const from = numberOf('--from', values.from);
  const { tally, failures } = await runCampaign({
    seeds,
    from,
    mutant,
    continueAfterFailure: values.all,
    onProgress: showProgress,
  });
  console.log(reportTally(tally));
  for (const { seed, violation } of values.all ? failures : []) console.log(`seed ${seed}: ${violation.invariant}`);
  const [first] = failures;
  if (first === undefined) return 0;
  console.log('');
  return runSeed(first.seed, mutant);

  function showProgress(done: number): void {
    if (!process.stderr.isTTY) return;
    const width = 40;
    const filled = Math.round((width * done) / seeds);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    process.stderr.write(done < seeds ? `\r${bar} ${done} of ${seeds} seeds` : '\r\u001b[K');
  }
}

function runSeed(seed: number, mutant: Mutant | undefined): Promise<number> {
  return runOne(planOf(seed), `--seed ${seed}`, mutant);
}

async function runOne(plan: Plan, again: string, mutant: Mutant | undefined): Promise<number> {
  const outcome = await simulate(plan, mutant);
  if (outcome.violation === undefined) {
    console.log(formatTrace(outcome.events));
    console.log('\nEverything holds.');
    return 0;
  }
  const withMutant = mutant === undefined ? '' : ` --mutant ${mutant}`;
  console.log(reportFailure(await shrink(outcome, mutant), `${again}${withMutant}`));
  return 1;
}

function numberOf(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`${name} takes a whole number, and not "${text}".`);
  process.exit(2);
}

function mutantOf(name: string | undefined): Mutant | undefined {
  if (name === undefined || name in mutants) return name as Mutant | undefined;
  console.error(`There is no mutant "${name}": ${Object.keys(mutants).join(', ')}.`);
  process.exit(2);
}
