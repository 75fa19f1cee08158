import { describe, expect, it } from 'vitest';
import { LIMITS, redactor } from '../../src/kernel/redaction.js';

const SECRET = 'p8e-fictional/secret';

describe('the redactor', () => {
  it.each([
    ['takes a secret out wherever it stands', `a ${SECRET} and ${SECRET}`, [SECRET], 'a [secret] and [secret]'],
    ['takes it out in the form that addresses have it', 'x=a%2Fb%3D', ['a/b='], 'x=[secret]'],
    ['takes it out in base64', 'x=YS9iPQ==', ['a/b='], 'x=[secret]'],
    ['takes it out with escapes of JSON in it', 'a p8e\\u002dfictional\\/secret', [SECRET], 'a [secret]'],
    ['takes it out with escapes of scripts in it', 'a p8e\\x2dfictional\\u{2f}secret', [SECRET], 'a [secret]'],
    ['takes it out with entities of HTML in it', 'a p8e&#45;fictional&#x2F;secret', [SECRET], 'a [secret]'],
    [
      'takes it out with entities that were escaped again',
      'a p8e&amp;#45;fictional&amp;#x2f;secret',
      [SECRET],
      'a [secret]',
    ],
    [
      'takes it out with named entities in it',
      'a p8e&amp;fictional&quot;&lt;secret',
      ['p8e&fictional"<secret'],
      'a [secret]',
    ],
    ['takes it out with line breaks in it', 'a p8e-fic\n  tional/\r\nsecret', [SECRET], 'a [secret]'],
    ['takes characters for what they are, not for a pattern', 'a+b.*$& a+b', ['a+b.*$&'], '[secret] a+b'],
    ['removes the longer one whole, whatever the order', 'abc.def', ['abc', 'abc.def'], '[secret]'],
    ['takes out what two secrets share of a text', 'abcde', ['abc', 'cde'], '[secret]'],
    ['leaves text alone when a secret is empty', 'a text', [''], 'a text'],
    ['leaves text alone without secrets', 'a text', [], 'a text'],
    ['leaves text alone that is like a short secret', 'a b c', ['abc'], 'a b c'],
  ])('%s', (_name, text, secrets, expected) => {
    expect(redactor(secrets)(text, LIMITS.sentence)).toBe(expected);
  });

  it('shows no half of a secret that begins before the limit and ends after it', () => {
    expect(redactor([SECRET])(`${'x'.repeat(91)} ${SECRET} and more`, 100)).toBe(`${'x'.repeat(91)} [secret]`);
  });

  it('shows nothing of a secret that comes after more blank text than it reads', () => {
    expect(redactor([SECRET])(`${' '.repeat(400)}${SECRET}${' and more'.repeat(100)}`, 100)).toBe('');
  });
});
