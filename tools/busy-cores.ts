// Keeps every core busy until standard input ends, because it was closed or because the process at its other end died.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

for (let core = 0; core < availableParallelism(); core += 1) new Worker('for (;;);', { eval: true });
process.stdin.resume().on('close', () => process.exit());
process.stdout.write('busy\n');
