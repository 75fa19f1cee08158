import type { RandomNumbers } from '@frameio-auth/conformance';

/** One of some things, each as likely as its weight says. */
export function chosen<Thing extends string>(weights: Readonly<Record<Thing, number>>, random: RandomNumbers): Thing {
  const entries = Object.entries(weights) as [Thing, number][];
  let rest = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [thing, weight] of entries) {
    rest -= weight;
    if (rest < 0) return thing;
  }
  throw new Error('Nothing to choose from.');
}
