import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Invariant, race, raceProcesses } from '@frameio-auth/conformance';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Broken, Mistake } from './broken-member.ts';

/** Milliseconds. Members that have not come to their mistake in a short race get a longer one. */
const DURATIONS = [1_500, 6_000, 20_000];

const processes = raceProcesses();
afterAll(() => processes.close());

/**
 * Repeats races with members that make a mistake, until one breaks an invariant; resolves to the names of those that it
 * broke.
 */
async function brokenBy(mistake: Mistake, invariant: Invariant): Promise<Set<string>> {
  let broken = new Set<string>();
  for (const duration of DURATIONS) {
    broken = await brokenIn(duration, mistake);
    if (broken.has(invariant)) break;
  }
  return broken;
}

async function brokenIn(duration: number, mistake: Mistake): Promise<Set<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'broken-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const { violations } = await race({
    member: new URL('broken-member.ts', import.meta.url),
    processes,
    members: 2,
    seed: 1,
    duration,
    calm: 500,
    latency: 400,
    leaseTtl: 10_000,
    server: { accessTokenLifetime: 1 },
    parameters: { directory, mistake } satisfies Broken,
  });
  return new Set(violations.map(({ invariant }) => invariant));
}

describe('a race notices', () => {
  it('a storage that grants every lease', async () => {
    // Whether two of them meet at the server as well is chance, and on a busy machine they may not.
    expect(await brokenBy('grants every lease', 'one holder')).toContain('one holder');
  });

  it('a storage that compares no versions', async () => {
    expect(await brokenBy('compares no versions', 'growing versions')).toContain('growing versions');
  });

  it('a member that serves a token when it has expired', async () => {
    expect(await brokenBy('serves the first token for ever', 'living tokens')).toContain('living tokens');
  });

  it('a member that has no token when all is calm', async () => {
    expect(await brokenBy('keeps its own storage', 'recovery')).toContain('recovery');
  });

  it('a member that dies', async () => {
    expect(await brokenBy('dies by itself', 'staying alive')).toContain('staying alive');
  });
});
