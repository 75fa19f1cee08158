import { StorageError } from '@frameio-auth/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../../tests/seeds.js';
import { parse, type SessionState, write } from '../src/session-state.js';

const SECRET = 'canary-token';
const PATH = '/var/lib/fictional/session.json';

const anyText = fc.string({ unit: 'binary' });
const time = fc.integer({ min: 0, max: 8.64e15 });

const anyState: fc.Arbitrary<SessionState> = fc.record({
  version: fc.maxSafeNat(),
  record: fc.option(fc.record({ value: anyText.map((text) => SECRET + text), expiresAt: fc.option(time) })),
  lease: fc.option(fc.record({ id: anyText, owner: anyText, until: time })),
});

const anyJson = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>([], {}, null, -1, 1.5, 2 ** 53));

/** A file in which each member is valid, invalid or missing. */
const oddFile = fc
  .record(
    {
      format: fc.oneof(fc.constantFrom<unknown>(1, 1, 1, 2, 0), anyJson),
      version: fc.oneof(fc.nat(), anyJson),
      record: fc.oneof(
        fc.record({ value: fc.oneof(fc.constant(SECRET), anyJson), expiresAt: fc.oneof(fc.constant(1), anyJson) }),
        anyJson,
      ),
      lease: fc.oneof(
        fc.record({ id: anyJson, owner: anyJson, until: anyJson }),
        fc.record({ id: anyText, owner: anyText, until: fc.double() }),
        anyJson,
      ),
    },
    { requiredKeys: [] },
  )
  .map((file) => JSON.stringify(file));

describe("a session's file of any kind", () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        expect(parse(write(state), PATH)).toEqual(state);
      }),
      runs(150),
    );
  });

  it('is refused when it has lost its end', () => {
    fc.assert(
      fc.property(anyState, fc.nat(), (state, length) => {
        const text = write(state);
        expect(() => parse(text.slice(0, length % text.length), PATH)).toThrow(StorageError);
      }),
      runs(150),
    );
  });

  it('is read, or refused as unreadable or too new, and never shown', () => {
    const files = fc.oneof(
      { weight: 3, arbitrary: oddFile },
      anyText,
      fc.tuple(anyState, fc.nat(), anyText).map(([state, place, text]) => {
        const whole = write(state);
        const at = place % whole.length;
        return whole.slice(0, at) + text + whole.slice(at + 1);
      }),
    );
    fc.assert(
      fc.property(files, (text) => {
        let state: SessionState;
        try {
          state = parse(text, PATH);
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
          expect((error as StorageError).code).toMatch(/^record_(?:unreadable|too_new)$/);
          expect((error as StorageError).message).not.toContain(SECRET);
          return;
        }
        expect(Number.isSafeInteger(state.version) && state.version >= 0).toBe(true);
        expect(state.record === null || typeof state.record.value === 'string').toBe(true);
        expect(state.lease === null || typeof state.lease.until === 'number').toBe(true);
        expect(parse(write(state), PATH)).toEqual(state);
      }),
      runs(500),
    );
  });
});
