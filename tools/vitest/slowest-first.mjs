import { BaseSequencer } from 'vitest/node';

/**
 * The files that take longest, below the root: first the one that takes longer than any other, then those that start
 * processes and browsers, and those of Nest, which load most.
 */
const SLOW = [
  /^packages\/core\/test\/machine\/model-paths\./,
  /^(?:tests\/(?:browser|demo|nestjs-app|older-platform|secrets)|verification|packages\/(?:storage-redis|nestjs))\//,
];

/**
 * Begins with the slow files, so that no worker is left alone with one in the end. Vitest's own order needs the results
 * of a run before, which a fresh clone has not.
 */
export class SlowestFirst extends BaseSequencer {
  /** @override @type {BaseSequencer['sort']} */
  async sort(files) {
    const sorted = await super.sort(files);
    const { root } = this.ctx.config;
    const rank = (/** @type {{ moduleId: string }} */ { moduleId }) => {
      const path = moduleId.slice(root.length + 1);
      const found = SLOW.findIndex((slow) => slow.test(path));
      return found === -1 ? SLOW.length : found;
    };
    return sorted.sort((one, other) => rank(one) - rank(other));
  }
}
