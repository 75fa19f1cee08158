import { describe, expect, it } from 'vitest';
import type { SessionFacts } from '../src/messages.js';

type Words = (facts: SessionFacts, now: number) => string;

// The page's scripts have no type declarations.
const page = new URL('../viewer/labels.js', import.meta.url).href;
const { colourOf, currentState } = (await import(/* @vite-ignore */ page)) as Record<
  'colourOf' | 'currentState',
  Words
>;

const NOW = 1_800_000_000_000;

const facts = (state: string, hasUsableToken: boolean, expiresAt: number | null) =>
  ({ state, hasUsableToken, expiresAt }) as SessionFacts;

describe('the viewer', () => {
  it.each([
    ['a token that is good', facts('valid.fresh', true, NOW + 1), 'valid', 'valid › fresh'],
    ['a token without an end', facts('valid.fresh', true, null), 'valid', 'valid › fresh'],
    ['a token that expired since', facts('valid.due', true, NOW), 'stale', 'valid › due, token expired'],
    ['an expired token', facts('valid.due', false, NOW - 1), 'stale', 'valid › due, token expired'],
    [
      'an expired token in a refresh',
      facts('refreshing.requesting', false, NOW - 1),
      'refreshing',
      'refreshing › requesting',
    ],
  ])('shows a session with %s in the colour and the words for it', (_what, its, colour, words) => {
    expect([colourOf(its, NOW), currentState(its, NOW)]).toEqual([colour, words]);
  });
});
