/** @param {number} since a time of `performance.now()` */
export function elapsed(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Does the work and reports it with its duration, on standard error: standard output belongs to the command.
 *
 * @typedef {(title: string, work: () => Promise<void>) => Promise<void>} Step
 * @type {Step}
 */
export async function step(title, work) {
  const start = performance.now();
  process.stderr.write(`${title} … `);
  try {
    await work();
  } catch (error) {
    process.stderr.write('failed\n');
    throw error;
  }
  process.stderr.write(`${elapsed(start)}\n`);
}
