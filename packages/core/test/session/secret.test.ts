import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.js';

const HIDDEN = 'refresh-token.fictional';

describe('a secret', () => {
  const secret = new Secret(HIDDEN);

  it.each<readonly [string, () => unknown]>([
    ['text', () => `${secret}`],
    ['String()', () => String(secret)],
    ['JSON', () => JSON.stringify({ secret, list: [secret] })],
    ['inspection', () => inspect({ secret }, { showHidden: true, depth: 10 })],
    ['a log line', () => format('%s %o %O %j', secret, secret, secret, secret)],
    ['its own properties', () => JSON.stringify({ ...secret, keys: Reflect.ownKeys(secret) })],
    ['a structured clone', () => inspect(structuredClone({ ...secret }))],
    ['an error', () => inspect(new Error(`failed with ${secret}`, { cause: secret }))],
  ])('does not show in %s', (_name, show) => {
    expect(show()).not.toContain(HIDDEN);
  });

  it('shows that it is one', () => {
    expect([`${secret}`, JSON.stringify(secret), inspect(secret)]).toEqual(['[secret]', '"[secret]"', '[secret]']);
  });

  it('is given by reveal() alone', () => {
    expect(secret.reveal()).toBe(HIDDEN);
  });
});
