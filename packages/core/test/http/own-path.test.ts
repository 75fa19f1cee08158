import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AGAIN, runs } from '../../../../tests/seeds.js';
import { ownPath } from '../../src/http/own-path.js';
import { hostilePlace, hostilePlaces, ownPlaces, staysHere } from './hostile-paths.js';

describe('a path to return to', () => {
  test.each(ownPlaces)('is of this origin: %s', (path) => {
    expect(ownPath(path)).toBe(path);
    expect(staysHere(path)).toBe(true);
  });

  test('is encoded as a header needs it', () => {
    expect(ownPath('/レビュー?of=é')).toBe('/%E3%83%AC%E3%83%93%E3%83%A5%E3%83%BC?of=%C3%A9');
  });

  test.each(hostilePlaces)('is not %s', (_what, place) => {
    expect(ownPath(place)).toBeUndefined();
  });

  test.each([undefined, null, 7, ['/reviews', '/archive'], { toString: () => '/reviews' }])('is not %o', (value) => {
    expect(ownPath(value)).toBeUndefined();
  });

  test(`leads to no other origin, whatever was asked for (${AGAIN})`, () => {
    let kept = 0;
    fc.assert(
      fc.property(hostilePlace, (place) => {
        const path = ownPath(place);
        if (path !== undefined) kept += 1;
        return path === undefined || staysHere(path);
      }),
      runs(3_000),
    );
    expect(kept).toBeGreaterThan(300);
  });
});
