/**
 * Searches for bugs: `npm run simulate -- --seeds 10000`. Without a number of seeds it runs a thousand, from seed 1.
 *
 * `--seed 4711` runs one seed, and `--plan <file>` a plan that was printed. A failure is shrunk and reported. `--from`
 * begins at another seed, `--plant` adds a mistake, and `--all` continues after a failure.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { type Plan, planOf } from './plan.ts';
import { type Plant, plants } from './plants.ts';
import { reportFailure, reportTally } from './report.ts';
import { shrink } from './shrinking.ts';
import { simulate } from './simulation.ts';
import { tell } from './storytelling.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    plan: { type: 'string' },
    plant: { type: 'string' },
    all: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const plant = plantOf(values.plant);
  if (values.plan !== undefined) {
    return runOne(JSON.parse(await readFile(values.plan, 'utf8')), `--plan ${values.plan}`, plant);
  }
  if (values.seed !== undefined) return runSeed(numberOf('--seed', values.seed), plant);

  const seeds = numberOf('--seeds', values.seeds);
  const from = numberOf('--from', values.from);
  const { tally, failures } = await runCampaign({ seeds, from, plant, goOn: values.all, onProgress: showProgress });
  console.log(reportTally(tally));
  for (const { seed, violation } of values.all ? failures : []) console.log(`seed ${seed}: ${violation.invariant}`);
  const [first] = failures;
  if (first === undefined) return 0;
  console.log('');
  return runSeed(first.seed, plant);

  function showProgress(done: number): void {
    if (!process.stderr.isTTY) return;
    const width = 40;
    const filled = Math.round((width * done) / seeds);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    process.stderr.write(done < seeds ? `\r${bar} ${done} of ${seeds} seeds` : '\r\u001b[K');
  }
}

function runSeed(seed: number, plant: Plant | undefined): Promise<number> {
  return runOne(planOf(seed), `--seed ${seed}`, plant);
}

async function runOne(plan: Plan, again: string, plant: Plant | undefined): Promise<number> {
  const outcome = await simulate(plan, plant);
  if (outcome.violation === undefined) {
    console.log(tell(outcome.events));
    console.log('\nEverything holds.');
    return 0;
  }
  const planted = plant === undefined ? '' : ` --plant ${plant}`;
  console.log(reportFailure(await shrink(outcome, plant), `${again}${planted}`));
  return 1;
}

function numberOf(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`${name} takes a whole number, and not "${text}".`);
  process.exit(2);
}

function plantOf(name: string | undefined): Plant | undefined {
  if (name === undefined || name in plants) return name as Plant | undefined;
  console.error(`There is no plant "${name}": ${Object.keys(plants).join(', ')}.`);
  process.exit(2);
}
