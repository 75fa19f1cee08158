import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Invariant, race, raceProcesses } from '@frameio-auth/conformance';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Mutant, MutantParameters } from './mutants.ts';

/** Milliseconds. If a mistake had no opportunity in a short race, a longer one follows. */
const DURATIONS = [1_500, 6_000, 20_000];

const processes = raceProcesses();
afterAll(() => processes.close());

/** Repeats races with a mutant until one violates an invariant; resolves to the violated invariants. */
async function brokenBy(mutant: Mutant, invariant: Invariant): Promise<Set<string>> {
  let broken = new Set<string>();
  for (const duration of DURATIONS) {
    broken = await brokenIn(duration, mutant);
    if (broken.has(invariant)) break;
  }
  return broken;
}

async function brokenIn(duration: number, mutant: Mutant): Promise<Set<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'broken-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const { violations } = await race({
    instance: new URL('mutants.ts', import.meta.url),
    processes,
    instances: 2,
    seed: 1,
    duration,
    calm: 500,
    latency: 400,
    leaseTtl: 10_000,
    server: { accessTokenLifetime: 1 },
    parameters: { directory, mutant } satisfies MutantParameters,
  });
  return new Set(violations.map(({ invariant }) => invariant));
}

describe('a race detects', () => {
  it('a storage that grants every lease', async () => {
    // Whether two of them also meet at the server is chance.
    expect(await brokenBy('grants every lease', 'one holder')).toContain('one holder');
  });

  it('a storage that compares no versions', async () => {
    expect(await brokenBy('compares no versions', 'growing versions')).toContain('growing versions');
  });

  it('an instance that serves an expired token', async () => {
    expect(await brokenBy('serves the first token forever', 'living tokens')).toContain('living tokens');
  });

  it('an instance that has no token when the faults have ended', async () => {
    expect(await brokenBy('keeps its own storage', 'recovery')).toContain('recovery');
  });

  it('an instance that dies', async () => {
    expect(await brokenBy('dies by itself', 'staying alive')).toContain('staying alive');
  });
});
