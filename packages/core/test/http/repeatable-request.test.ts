import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isRepeatable, isRepeatableBody } from '../../src/http/repeatable-request.js';

/** A stream with the name of a form, as a well-known library makes it. */
const streamedForm = Object.assign(Readable.from(['one']), { [Symbol.toStringTag]: 'FormData' });

describe('a body', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'one'],
    ['bytes', new Uint8Array(1)],
    ['a buffer', new ArrayBuffer(1)],
    ['fields', new URLSearchParams({ a: '1' })],
    ['a form', new FormData()],
    ['a Blob', new Blob(['one'])],
    ['parts', ['o', 'ne']],
  ])('can be sent again: %s', (_, body) => {
    expect(isRepeatableBody(body)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a stream of Node', Readable.from(['one'])],
    ['a stream of the platform', new Blob(['one']).stream()],
    ['a stream that is called a form', streamedForm],
    ['an iterator', ['one'].values()],
    ['a set, which may be of anybody', new Set(['one'])],
  ])('cannot be sent again: %s', (_, body) => {
    expect(isRepeatableBody(body)).toBe(false);
  });
});

describe('a request', () => {
  it.each(['GET', 'head', 'OPTIONS', undefined])('that reads may be made again after a redirect: %s', (method) => {
    expect(isRepeatable({ method, redirected: true })).toBe(true);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'that writes may be made again, but not after a redirect: %s',
    (method) => {
      expect(isRepeatable({ method, body: 'one', redirected: false })).toBe(true);
      expect(isRepeatable({ method, body: 'one', redirected: true })).toBe(false);
    },
  );
});
