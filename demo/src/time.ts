import type { SessionSnapshot, TokenSession } from '@frameio-auth/core';
import type { ManualClock } from '@frameio-auth/testing';
import { FailedCheck } from './checks.ts';

const TIMEOUT = 10_000;

/** Resolves when the session satisfies a condition. Responses come over real HTTP, so this waits in real time. */
export function until(
  session: Pick<TokenSession, 'snapshot' | 'subscribe'>,
  condition: (snapshot: SessionSnapshot) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (condition(session.snapshot)) end(resolve);
    };
    const end = (settle: () => void) => {
      clearTimeout(timer);
      subscription.unsubscribe();
      settle();
    };
    const giveUp = () => reject(new FailedCheck(`the session is still ${session.snapshot.step}`));
    const timer = setTimeout(() => end(giveUp), TIMEOUT);
    const subscription = session.subscribe(look);
    look();
  });
}

/** Advances the clock to the next timer, and resolves to the time passed, in milliseconds. */
export async function nextTimer(clock: ManualClock): Promise<number> {
  const before = clock.now();
  await clock.advanceTo(clock.pendingTimers[0] ?? before);
  return clock.now() - before;
}

/** Formats a duration, such as `23 h 58 min`, `2 min 12 s` or `380 ms`: with the two largest units. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
