// Runs the random tests with another seed and more cases.
import { parseArgs } from 'node:util';
import { attach, forwardSignals, shell } from './child.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    times: { type: 'string', default: '10' },
  },
});
const filters = positionals.length > 0 ? positionals : ['fuzz', 'random-histories'];

process.stdout.write(`Seed ${values.seed}, ${values.times} times as many cases as in \`npm test\`.\n`);
forwardSignals();
const args = ['run', '--reporter=dot', '--silent=passed-only', '--testTimeout=0', ...filters];
const env = { ...process.env, SEED: values.seed, TIMES: values.times };
process.exitCode = await attach('vitest', args, { env, shell });
