/**
 * Makes very many authenticated requests to an API that revokes tokens, fails, hangs and cuts off responses. Checks the
 * outcome of each, and the resources that remain at the end: `npm run soak -- --requests 100000`.
 *
 * `--seed 4711` repeats the same plans, and `--mutant 'keeps requests'` adds a mistake, to check that it is detected;
 * several are separated by commas.
 */
import { parseArgs } from 'node:util';
import { type Mutant, mutants } from './mutants.ts';
import { soak } from './run.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    'at-once': { type: 'string', default: '50' },
    deadline: { type: 'string', default: '60000' },
    mutant: { type: 'string' },
  },
});

const chosenMutants = (values.mutant?.split(',') ?? []) as Mutant[];
if (!chosenMutants.every((mutant) => mutant in mutants))
  throw new Error(`--mutant is some of ${Object.keys(mutants).join(', ')}.`);

const { figures, endings, violations } = await soak({
  requests: Number(values.requests),
  seed: Number(values.seed),
  atOnce: Number(values['at-once']),
  deadline: Number(values.deadline),
  chosenMutants,
});
console.table(figures);
console.table(endings);
for (const violation of violations) console.log(violation);
process.exitCode = violations.length === 0 ? 0 : 1;
