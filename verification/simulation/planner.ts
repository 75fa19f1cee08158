import { randomNumbers } from '@frameio-auth/conformance';
import { Draws } from './draws.ts';
import { MINUTE, SECOND } from './durations.ts';
import type { Entry, Parameters, Plan } from './plan.ts';
import { entriesOf } from './scenarios.ts';

/** Returns the plan of a seed. */
export function planOf(seed: number): Plan {
  const random = new Draws(randomNumbers(seed));
  const parameters = parametersOf(random);
  const entries = [...entriesOf(random, parameters)].sort((one, other) => one.at - other.at);
  // A storage derives versions from its clock and its earlier versions. Versions stay unique if only one of the two is
  // lost.
  const losesWrites = entries.some(({ kind }) => kind === 'failover' || kind === 'data loss');
  return { seed, parameters, entries: losesWrites ? entries.filter((entry) => !setsStorageBack(entry)) : entries };
}

function parametersOf(random: Draws): Parameters {
  const flow = random.happens(0.85) ? 'user' : 'service';
  const accessTokenLifetime = random.magnitude(60, 86_400);
  const wrongByFar = random.happens(0.3);
  const instances = random.among([1, 2, 2, 3, 3, 4]);
  return {
    flow,
    duration: accessTokenLifetime * SECOND * random.magnitude(2, 100),
    clocks: Array.from({ length: instances }, () => ({
      ahead: wrongByFar ? random.between(-90 * MINUTE, 90 * MINUTE) : random.between(-2 * SECOND, 2 * SECOND),
      fast: random.happens(0.5) ? 0 : random.between(-200, 200),
    })),
    rotation: random.among(['none', 'lenient', 'strict', 'strict', 'strict', 'revoke-chain', 'revoke-chain']),
    gracePeriod: random.happens(0.7) ? 0 : random.among([10 * SECOND, MINUTE, 10 * MINUTE]),
    accessTokenLifetime,
    refreshTokenLifetime: Math.max(300, accessTokenLifetime * random.magnitude(3, 400)),
    refreshTokenLifetimeIsKnown: random.happens(0.5),
    refreshEndsAccessTokens: random.happens(0.3),
    refreshBuffer: random.happens(0.7) ? 300 : random.between(0, 900),
    onStorageUnavailable: flow === 'service' || random.happens(0.2) ? 'request' : 'fail',
    keepAlive: random.happens(0.3),
    clientSecrets: random.happens(0.5) ? ['first'] : ['first', 'second'],
    // The default, most often.
    serverTimeout: random.among([5, 10, 15, 15, 15, 20]) * SECOND,
    storageTimeout: random.among([1, 3, 5, 5, 10]) * SECOND,
    serverLatency: [random.between(1, 50), random.magnitude(50, 2_000)],
    storageLatency: [0, random.magnitude(1, 200)],
    hintLatency: [0, random.magnitude(1, 500)],
  };
}

function setsStorageBack(entry: Entry): boolean {
  return entry.kind === 'clock' && entry.instance === undefined && entry.by < 0;
}
