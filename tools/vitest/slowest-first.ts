import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The slow files: first the slowest, then those that start processes and browsers, and those of Nest, which load most. */
const SLOW = [
  /^packages\/core\/test\/machine\/model-paths\./,
  /^(?:tests\/(?:browser|demo|nestjs-app|older-platform|secrets)|verification|packages\/(?:storage-redis|nestjs))\//,
];

/**
 * Begins with the slow files, so that they do not run alone at the end. Vitest's own order needs the durations of an
 * earlier run, which a fresh clone does not have.
 */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const { root } = this.ctx.config;
    const rank = ({ moduleId }: TestSpecification) => {
      const path = moduleId.slice(root.length + 1);
      const index = SLOW.findIndex((slow) => slow.test(path));
      return index === -1 ? SLOW.length : index;
    };
    return sorted.sort((one, other) => rank(one) - rank(other));
  }
}
