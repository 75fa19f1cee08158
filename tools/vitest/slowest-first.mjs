import { BaseSequencer } from 'vitest/node';

/** Where the tests are that start processes and browsers, below the root: each of their files takes many seconds. */
const SLOW = /^(?:tests\/(?:browser|demo|race|processes|soak|nestjs-app|secrets)|simulation|packages\/storage-redis)\//;

/**
 * Begins with the slow files, so that no worker is left alone with one in the end. Vitest's own order needs the results
 * of a run before, which a fresh clone has not.
 */
export class SlowestFirst extends BaseSequencer {
  /** @override @type {BaseSequencer['sort']} */
  async sort(files) {
    const sorted = await super.sort(files);
    const { root } = this.ctx.config;
    const isSlow = (/** @type {{ moduleId: string }} */ { moduleId }) => SLOW.test(moduleId.slice(root.length + 1));
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}
