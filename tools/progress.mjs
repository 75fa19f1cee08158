/** @param {NodeJS.WriteStream} stream */
function painted(stream) {
  const { CI, NO_COLOR } = process.env;
  return stream.isTTY === true && !NO_COLOR && !CI;
}

/** @typedef {'red' | 'green' | 'dim'} Colour */

/** @type {Record<Colour, number>} */
const CODES = { red: 31, green: 32, dim: 2 };

/**
 * The text in a colour, where the stream is a terminal that wants one.
 *
 * @param {string} text
 * @param {Colour} colour
 * @param {NodeJS.WriteStream} [stream]
 */
export function paint(text, colour, stream = process.stdout) {
  return painted(stream) ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

/** @param {number} since what `performance.now()` said then */
export function elapsed(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Says what is being done, does it, and says how long it took. On standard error: standard output is the job's own.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const start = performance.now();
  process.stderr.write(`${what} … `);
  try {
    const result = await work();
    process.stderr.write(`${paint(elapsed(start), 'dim', process.stderr)}\n`);
    return result;
  } catch (error) {
    process.stderr.write(`${paint('failed', 'red', process.stderr)}\n`);
    throw error;
  }
}

/**
 * The last lines of what a tool printed.
 *
 * @param {string} output
 * @param {number} [lines]
 */
export function tail(output, lines = 60) {
  const all = output.trimEnd().split('\n');
  return all.length <= lines
    ? all.join('\n')
    : [`(${all.length - lines} lines before)`, ...all.slice(-lines)].join('\n');
}
