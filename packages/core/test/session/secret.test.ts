import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { redact, Secret } from '../../src/kernel/secret.js';

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

describe('redact()', () => {
  it.each([
    ['takes a secret out wherever it stands', `a ${HIDDEN} and ${HIDDEN}`, [HIDDEN], 'a [secret] and [secret]'],
    ['takes it out in the form that addresses have it', 'x=a%2Fb%3D', ['a/b='], 'x=[secret]'],
    ['takes characters for what they are, not for a pattern', 'a+b.*$& a+b', ['a+b.*$&'], '[secret] a+b'],
    ['takes the longer one out whole, whichever comes first', 'abc.def', ['abc', 'abc.def'], '[secret]'],
    ['leaves text alone when a secret is empty', 'a text', [''], 'a text'],
    ['leaves text alone without secrets', 'a text', [], 'a text'],
  ])('%s', (_name, text, secrets, expected) => {
    expect(redact(text, secrets)).toBe(expected);
  });
});
