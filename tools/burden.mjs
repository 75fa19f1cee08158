// Keeps every core busy until its standard input ends: when that is closed, or the process that has its other end is gone.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

for (let core = 0; core < availableParallelism(); core += 1) new Worker('for (;;);', { eval: true });
process.stdin.resume().on('close', () => process.exit());
process.stdout.write('busy\n');
