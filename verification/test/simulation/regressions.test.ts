import { describe, expect, it } from 'vitest';
import { DAY, MINUTE } from '../../simulation/durations.ts';
import { reportFailure } from '../../simulation/report.ts';
import { simulate } from '../../simulation/simulation.ts';
import {
  COME_BACK,
  FORGOTTEN,
  HINTED_AND_LOST,
  LOST_UNREAD,
  looksYoung,
  NEWER_THAN_HINTED,
  PLANS,
  READ_TWICE,
  REFUSED_OLDER,
  REVOKED_UNANSWERED,
  REVOKED_UNREAD,
  SLEPT_OVER,
  UNANSWERED,
} from './regression-plans.ts';

describe('no longer fails as an earlier version did, which', () => {
  it.each([
    ['by less than their age', 34 * MINUTE],
    ['by more', DAY],
  ])(
    'blamed an instance that served tokens for as long as the clock of the storage was put back, %s',
    async (_, by) => {
      const outcome = await simulate(looksYoung(by));
      expect(reportFailure(outcome)).toBe('');
      expect(outcome.events).toContainEqual(
        expect.objectContaining({ kind: 'token returned', who: 'b1', token: 'at#1' }),
      );
    },
  );

  it('wrote a sign-in over what another instance had made of it', async () => {
    expect(reportFailure(await simulate(UNANSWERED))).toBe('');
  });

  it('wrote the tokens of a sign-in over their own revocation, because the answer to their write was lost', async () => {
    expect(reportFailure(await simulate(REVOKED_UNANSWERED))).toBe('');
  });

  it('forgot that the storage had lost its data when it refused the reading after the hint', async () => {
    const outcome = await simulate(LOST_UNREAD);
    expect(reportFailure(outcome)).toBe('');
    const refused = outcome.events.filter((event) => event.kind === 'storage silent' && event.call === 'read');
    expect(refused.length).toBeGreaterThan(2);
    expect(outcome.events).toContainEqual(
      expect.objectContaining({
        kind: 'storage did',
        call: 'commit',
        outcome: 'committed',
        before: { status: 'absent' },
        at: expect.toSatisfy((at: number) => at > 5 * MINUTE && at < 6 * MINUTE),
      }),
    );
  });

  it('served tokens of a revoked session while it gave them up once more', async () => {
    expect(reportFailure(await simulate(COME_BACK))).toBe('');
  });

  it('wrote revoked tokens again, having learned of the revocation that the storage lost', async () => {
    const outcome = await simulate(REVOKED_UNREAD);
    expect(reportFailure(outcome)).toBe('');
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ kind: 'writes lost', before: { status: 'revoked' } }),
    );
  });

  it('handed out a token that expired while the machine slept, between its arrival and the failure of its commit', async () => {
    const outcome = await simulate(SLEPT_OVER);
    expect(reportFailure(outcome)).toBe('');
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ kind: 'storage silent', who: 'b1', call: 'commit', at: 1_724_965 }),
    );
  });

  it('wrote the tokens that it had over newer ones, which an outdated answer had shown it before', async () => {
    const outcome = await simulate(READ_TWICE);
    expect(reportFailure(outcome)).toBe('');
    const reads = outcome.events.filter(
      (event) => event.kind === 'storage did' && event.call === 'read' && event.who === 'a1' && event.at > 4_548_890,
    );
    expect(reads.slice(0, 2)).toEqual(
      Array(2).fill(expect.objectContaining({ after: expect.objectContaining({ refreshToken: 'rt#3' }) })),
    );
  });

  it('blamed instances that wrote no tokens, because the storage had lost a version which they never read', async () => {
    const outcome = await simulate(HINTED_AND_LOST);
    expect(reportFailure(outcome)).toBe('');
    expect(outcome.events).toContainEqual(
      expect.objectContaining({
        kind: 'settled',
        who: 'c1',
        outcome: expect.objectContaining({ code: 'not_authenticated' }),
      }),
    );
  });

  it('wrote no tokens that the server gave after the hint of a version that was lost', async () => {
    const outcome = await simulate(NEWER_THAN_HINTED);
    expect(reportFailure(outcome)).toBe('');
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ kind: 'token returned', who: 'c1', token: 'at#4' }),
    );
  });

  it('signed a user out because the refused tokens of an earlier sign-in were the first to be tried after a loss', async () => {
    const outcome = await simulate(REFUSED_OLDER);
    expect(reportFailure(outcome)).toBe('');
    expect(outcome.events).toContainEqual(
      expect.objectContaining({
        kind: 'storage did',
        call: 'commit',
        outcome: 'committed',
        before: { status: 'expired', cause: 'refresh_token_rejected' },
        after: expect.objectContaining({ refreshToken: 'rt#2' }),
      }),
    );
  });

  for (const [what, failed] of Object.entries(PLANS)) {
    it(`${what}`, async () => {
      const outcome = await simulate(failed);
      expect(reportFailure(outcome)).toBe('');
      const causes = outcome.events.flatMap((event) => (event.kind === 'state' && event.cause) || []);
      expect(new Set(causes)).toEqual(new Set(['refresh_interrupted']));
    });
  }

  it('wrote dead tokens in turn over a record that the storage had forgotten in its time', async () => {
    const outcome = await simulate(FORGOTTEN);
    expect(reportFailure(outcome)).toBe('');
    const commits = outcome.events.filter((event) => event.kind === 'storage did' && event.call === 'commit');
    expect(commits.length).toBeLessThan(10);
  });
});
