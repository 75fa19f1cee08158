/**
 * Makes very many authenticated requests to an API that revokes tokens, fails, hangs and cuts off responses. Checks the
 * outcome of each, and the resources that remain at the end: `npm run soak -- --requests 100000`.
 *
 * `--seed 4711` repeats the same plans, and `--plant 'hoards requests'` adds a mistake, to check that it is detected;
 * several are separated by commas.
 */
import { parseArgs } from 'node:util';
import { type Plant, plants } from './plants.ts';
import { soak } from './run.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    'at-once': { type: 'string', default: '50' },
    deadline: { type: 'string', default: '60000' },
    plant: { type: 'string' },
  },
});

const planted = (values.plant?.split(',') ?? []) as Plant[];
if (!planted.every((plant) => plant in plants))
  throw new Error(`--plant is some of ${Object.keys(plants).join(', ')}.`);

const { figures, endings, violations } = await soak({
  requests: Number(values.requests),
  seed: Number(values.seed),
  atOnce: Number(values['at-once']),
  deadline: Number(values.deadline),
  planted,
});
console.table(figures);
console.table(endings);
for (const violation of violations) console.log(violation);
process.exitCode = violations.length === 0 ? 0 : 1;
