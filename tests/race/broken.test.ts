import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { race } from '@frameio-auth/testing';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Broken, Mistake } from './broken-member.js';

/**
 * The invariants that do not hold in a race of members that make a mistake, each once. These tests run side by side, so
 * each says by its own context when its directory may go.
 */
async function brokenBy({ onTestFinished }: TestContext, mistake: Mistake): Promise<Set<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'broken-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const { violations } = await race({
    member: new URL('broken-member.ts', import.meta.url),
    members: 3,
    seed: 1,
    duration: 2_000,
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
    expect(await brokenBy(context, 'grants every lease')).toContain('one holder');
  });

  it('a storage that compares no versions', async (context) => {
    expect(await brokenBy(context, 'compares no versions')).toContain('growing versions');
  });

  it('a member that serves a token when it has expired', async (context) => {
    expect(await brokenBy(context, 'serves the first token for ever')).toContain('living tokens');
  });

  it('a member that has no token when all is calm', async (context) => {
    expect(await brokenBy(context, 'keeps its own storage')).toContain('recovery');
  });

  it('a member that dies', async (context) => {
    expect(await brokenBy(context, 'dies by itself')).toContain('staying alive');
  });
});
