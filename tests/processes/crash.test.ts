import { describe, expect, it } from 'vitest';
import { crash } from './crash.js';

/** A thousand by `node tests/processes/crash.ts 1000`. */
const KILLS = Number(process.env['CRASH_KILLS'] ?? 15);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 2 ** 32);

describe.concurrent(`${KILLS} kills at random moments of a refresh (CRASH_SEED=${SEED})`, () => {
  it('lose no session where the server takes a spent refresh token once more', async () => {
    const figures = await crash({ kills: KILLS, seed: SEED, gracePeriod: 3_600_000 });
    expect(figures).toMatchObject({ lost: 0, interrupted: 0, regressions: 0, unreadable: 0, leftovers: 0 });
    expect(figures.tokenRequests).toBeLessThanOrEqual(figures.refreshes + figures.ambiguous);
  });

  it('end the sessions whose tokens were in the lost answer where it does not, say so, and lose no other', async () => {
    const figures = await crash({ kills: KILLS, seed: SEED + 1, gracePeriod: 0 });
    expect(figures).toMatchObject({ lost: 0, regressions: 0, unreadable: 0, leftovers: 0 });
    expect(figures.interrupted).toBe(figures.ambiguous);
    expect(figures.tokenRequests).toBeLessThanOrEqual(figures.refreshes + figures.ambiguous);
  });
}, 120_000);
