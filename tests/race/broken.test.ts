import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { race } from '@frameio-auth/testing';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Broken, Mistake } from './broken-member.js';

/** Milliseconds. On a busy machine, members may not come to their mistake in a short race, so a longer one follows. */
const DURATIONS = [2_000, 6_000, 20_000];

/** Races with members that make a mistake, until it breaks an invariant: the names of those that one race broke. */
async function brokenBy(context: TestContext, mistake: Mistake, invariant: string): Promise<Set<string>> {
  let broken = new Set<string>();
  for (const duration of DURATIONS) {
    broken = await brokenIn(duration, context, mistake);
    if (broken.has(invariant)) break;
  }
  return broken;
}

/** These races run side by side, so each says by its test's own context when its directory may go. */
async function brokenIn(duration: number, { onTestFinished }: TestContext, mistake: Mistake): Promise<Set<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'broken-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const { violations } = await race({
    member: new URL('broken-member.ts', import.meta.url),
    members: 3,
    seed: 1,
    duration,
    calm: 1_000,
    latency: 400,
    leaseTtl: 10_000,
    server: { accessTokenLifetime: 1 },
    parameters: { directory, mistake } satisfies Broken,
  });
  return new Set(violations.map(({ invariant }) => invariant));
}

describe.concurrent('a race notices', () => {
  it('a storage that grants every lease', async (context) => {
    // Whether two of them meet at the server as well is chance, and on a busy machine they may not.
    expect(await brokenBy(context, 'grants every lease', 'one holder')).toContain('one holder');
  });

  it('a storage that compares no versions', async (context) => {
    expect(await brokenBy(context, 'compares no versions', 'growing versions')).toContain('growing versions');
  });

  it('a member that serves a token when it has expired', async (context) => {
    expect(await brokenBy(context, 'serves the first token for ever', 'living tokens')).toContain('living tokens');
  });

  it('a member that has no token when all is calm', async (context) => {
    expect(await brokenBy(context, 'keeps its own storage', 'recovery')).toContain('recovery');
  });

  it('a member that dies', async (context) => {
    expect(await brokenBy(context, 'dies by itself', 'staying alive')).toContain('staying alive');
  });
});
