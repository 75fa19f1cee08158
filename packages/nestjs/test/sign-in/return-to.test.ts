import { describe, expect, test } from 'vitest';
import { ownPath } from '../../src/sign-in/return-to.js';

describe('a path to return to', () => {
  test.each([
    '/',
    '/reviews',
    '/reviews/7?page=2&of=9#comments',
    '/caf%C3%A9',
    '/~mara',
    '/a//b',
    '/?next=//evil.example',
  ])('is of this origin: %s', (path) => {
    expect(ownPath(path)).toBe(path);
  });

  test('is encoded as a header needs it', () => {
    expect(ownPath('/レビュー?of=é')).toBe('/%E3%83%AC%E3%83%93%E3%83%A5%E3%83%BC?of=%C3%A9');
  });

  test.each([
    ['another origin', 'https://evil.example/'],
    ['another host', '//evil.example'],
    ['another host, as browsers read a backslash', '/\\evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a backslash further on', '/reviews\\..\\evil'],
    ['a tab, which browsers leave out', '/\t/evil.example'],
    ['a newline, which browsers leave out', '/\n/evil.example'],
    ['a carriage return', '/reviews\r\nSet-Cookie: planted=1'],
    ['an encoded slash at the beginning', '/%2Fevil.example'],
    ['an encoded backslash at the beginning', '/%5cevil.example'],
    ['an encoded newline', '/reviews%0d%0aSet-Cookie:%20planted=1'],
    ['an encoded tab', '/%09/evil.example'],
    ['a dot that vanishes', '/.//evil.example'],
    ['two dots that vanish', '/reviews/..//evil.example'],
    ['dots that vanish when they are decoded', '/%2e//evil.example'],
    ['a dot that vanishes before an encoded slash', '/./%2fevil.example'],
    ['an encoded dot that vanishes before an encoded slash', '/%2e/%2Fevil.example'],
    ['dots that vanish before an encoded backslash', '/reviews/../%5cevil.example'],
    ['a dot before slashes that are decoded first', '/.%2f%2fevil.example'],
    ['a scheme', 'javascript:alert(1)'],
    ['a percent sign that encodes nothing', '/%E0%A4%A'],
    ['a path without a slash', 'reviews'],
    ['nothing', ''],
    ['a value that was given twice', ['/reviews', '/archive']],
    ['no value', undefined],
    ['more than a cookie should hold', `/${'a'.repeat(1_024)}`],
  ])('is not %s', (_what, value) => {
    expect(ownPath(value)).toBeUndefined();
  });
});
