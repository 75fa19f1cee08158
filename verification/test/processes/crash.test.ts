import { describe, expect, it } from 'vitest';
import { AGAIN, SEED } from '../../../tests/seeds.ts';
import { crash, faultsOf, GRACE } from '../../processes/crash.ts';

/** A thousand by `npm run crash -- --kills 1000`. */
const KILLS = 8;

describe.concurrent(`${KILLS} kills at random moments of a refresh (${AGAIN})`, () => {
  it('lose no session if the server accepts a spent refresh token once more', async () => {
    const figures = await crash({ kills: KILLS, seed: SEED, gracePeriod: GRACE });
    expect(faultsOf(figures, GRACE)).toEqual([]);
  });

  it('end the sessions whose tokens were in the lost response if it does not, say so, and lose no other', async () => {
    const figures = await crash({ kills: KILLS, seed: SEED + 1, gracePeriod: 0 });
    expect(faultsOf(figures, 0)).toEqual([]);
  });
});
