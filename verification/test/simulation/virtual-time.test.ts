import { expect, it } from 'vitest';
import { VirtualTime } from '../../simulation/virtual-time.ts';

it('keeps appointments in the order of their time, and equal ones in the order they were made', async () => {
  const time = new VirtualTime(0);
  const kept: string[] = [];
  for (const [delay, name] of [
    [30, 'c'],
    [10, 'a'],
    [30, 'd'],
    [20, 'b'],
  ] as const) {
    time.after(delay, () => kept.push(`${name} at ${time.now}`));
  }
  await time.runUntil(30);
  expect(kept).toEqual(['a at 10', 'b at 20', 'c at 30', 'd at 30']);
});

it('lets promises settle before the time leaps, those of the body of a response too', async () => {
  const time = new VirtualTime(0);
  const seen: number[] = [];
  time.after(1, () => {
    void new Response('{}')
      .json()
      .then(() => Response.json({}).text())
      .then(() => seen.push(time.now));
  });
  time.after(2, () => seen.push(time.now));
  await time.runUntil(10);
  expect(seen).toEqual([1, 2]);
  expect(time.now).toBe(10);
});

it('keeps no appointment that was cancelled, and none after it was told to stop', async () => {
  const time = new VirtualTime(0);
  const kept: number[] = [];
  time.cancel(time.after(1, () => kept.push(1)));
  time.after(2, () => kept.push(2));
  time.after(3, () => kept.push(3));
  await time.runUntil(10, () => kept.length === 0);
  expect(kept).toEqual([2]);
});

it('does not go round for ever in one moment', async () => {
  const time = new VirtualTime(0);
  const again = () => void time.after(0, again);
  again();
  await expect(time.runUntil(1)).rejects.toThrow('One moment brings ever more appointments');
});
