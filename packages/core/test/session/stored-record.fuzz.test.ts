import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOfRejection, foreignCode, StorageError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { SessionEnding } from '../../src/kernel/session-ending.js';
import type { TokenSet } from '../../src/kernel/token-set.js';
import { type RecordContents, readRecord, writeTokens, writeTombstone } from '../../src/session/stored-record.js';
import { anyJson, anyText, exposed, isDocumented, mutated, runs, thrownBy } from '../fuzzing.js';
import { anyTokenSet, NOW, TOKEN } from './fuzzing.js';

/** Text that is unchanged by redaction. */
const anyWords = fc
  .string({ minLength: 1 })
  .map((text) => text.trim())
  .filter((text) => text !== '');

const anyEnding: fc.Arbitrary<SessionEnding> = fc.record({
  cause: fc.constantFrom(
    'refresh_token_rejected',
    'refresh_interrupted',
    'user_action_required',
    'access_token_expired',
    'access_token_rejected',
  ),
  failure: fc.option(
    fc
      .record(
        {
          kind: fc.constantFrom('terminal', 'transient', 'ambiguous', 'configuration'),
          source: fc.constantFrom('server', 'transport', 'storage', 'session'),
          code: anyWords.map(foreignCode),
          description: anyWords,
          status: fc.integer({ min: 100, max: 599 }),
          userActionRequired: fc.constant(true as const),
          actionUrl: fc.webUrl({ validSchemes: ['https'] }).map((url) => new URL(url).href),
          debugId: anyWords,
        },
        { requiredKeys: ['kind', 'source', 'code', 'description'] },
      )
      // An address is present only if the user must act.
      .map(({ actionUrl, ...failure }) => ({
        ...failure,
        ...(failure.userActionRequired && actionUrl && { actionUrl }),
      })),
  ),
});

const realRecord = fc.oneof(
  anyTokenSet.map(writeTokens),
  anyEnding.map((ending) => writeTombstone({ status: 'expired', ending, ofVersion: 0 })),
  fc.constant(writeTombstone({ status: 'revoked' })),
);

/** A record in which each member is valid, invalid or absent. */
const oddRecord = fc
  .record(
    {
      format: fc.oneof(fc.constantFrom<unknown>(0, 1, 1, 1, 2, 99, -1, 1.5, '1', null), anyJson),
      status: fc.oneof(fc.constantFrom('tokens', 'tokens', 'expired', 'revoked', '__proto__'), anyJson),
      accessToken: fc.oneof(fc.constant(TOKEN), anyJson),
      access_token: fc.oneof(fc.constant(TOKEN), anyJson),
      refreshToken: fc.oneof(fc.constant(TOKEN), anyJson),
      idToken: anyJson,
      issuedAt: fc.oneof(fc.constant(NOW), fc.double(), anyJson),
      expiresAt: fc.oneof(fc.constantFrom(NOW, null), fc.double(), anyJson),
      scopes: fc.oneof(fc.constant(['openid']), fc.array(anyText), anyJson),
      ending: fc.oneof(
        anyEnding,
        fc.record({ cause: fc.constant('refresh_token_rejected'), failure: anyJson }),
        fc.record({
          cause: fc.constant('refresh_token_rejected'),
          failure: fc.record(
            {
              kind: fc.constant('terminal'),
              source: fc.constant('server'),
              code: fc.oneof(fc.constant('invalid_grant'), anyJson),
              description: fc.oneof(fc.constant('Gone.'), anyJson),
              status: anyJson,
              userActionRequired: fc.oneof(fc.constant(true), anyJson),
              actionUrl: fc.oneof(fc.constantFrom('javascript:alert(1)', 'https://user:word@example.com/'), anyJson),
              debugId: anyJson,
            },
            { requiredKeys: ['kind', 'source'] },
          ),
        }),
        anyJson,
      ),
    },
    { requiredKeys: [] },
  )
  .map((body) => JSON.stringify(body));

const VERSION = 7;

function expectUsable({ facts, tokens }: RecordContents): void {
  expect(facts.version).toBe(VERSION);
  expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  expect(exposed([facts, tokens])).not.toContain(TOKEN);
  expect(facts.status === 'tokens').toBe(tokens !== undefined);
  if (facts.status === 'tokens') {
    expect(facts.tokens).toEqual(tokens?.facts);
    expect(tokens?.accessToken.reveal()).not.toBe('');
    expect(facts.tokens.refreshable).toBe(tokens?.refreshToken !== undefined);
    expect(Number.isFinite(facts.tokens.issuedAt)).toBe(true);
  }
  if (facts.status === 'expired') {
    const error = errorOfRejection({ reason: 'ended', ending: facts.ending });
    expect(isDocumented(error)).toBe(true);
    // Users are sent to this address.
    const { actionUrl } = facts.ending.failure ?? {};
    if (actionUrl !== undefined) expect(new URL(actionUrl).protocol).toMatch(/^https?:$/);
  }
}

function expectRefusal(error: unknown): void {
  expect(error).toBeInstanceOf(StorageError);
  const { code, version } = error as StorageError;
  // The error has the version of a record that may be replaced. A record of a newer format may not be.
  expect([code, version]).toEqual(
    code === 'record_unreadable' ? ['record_unreadable', VERSION] : ['record_from_newer_version', undefined],
  );
  expect(exposed(error)).not.toContain(TOKEN);
}

describe('a stored record of any kind', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyTokenSet, anyEnding, (tokens: TokenSet, ending) => {
        const read = readRecord({ value: writeTokens(tokens), version: VERSION }, NOW);
        expectUsable(read);
        expect(writeTokens(read.tokens as TokenSet)).toBe(writeTokens(tokens));
        const tombstone = writeTombstone({ status: 'expired', ending, ofVersion: 1 });
        const { facts } = readRecord({ value: tombstone, version: VERSION }, NOW);
        expect(facts).toEqual({ status: 'expired', version: VERSION, ending, ofVersion: 1 });
      }),
      runs(60),
    );
  });

  it('is read, or rejected as unreadable or as of a newer version, and never shown', () => {
    const records = fc.oneof({ weight: 3, arbitrary: oddRecord }, mutated(realRecord), mutated(oddRecord), anyText);
    fc.assert(
      fc.property(records, (value) => {
        let contents: RecordContents | undefined;
        const error = thrownBy(() => {
          contents = readRecord({ value, version: VERSION }, NOW);
        });
        if (contents === undefined) expectRefusal(error);
        else expectUsable(contents);
      }),
      {
        ...runs(250),
        examples: [['['.repeat(50_000)], ['\ufeff{}'], [JSON.stringify(new Secret(TOKEN))], ['{"format":1e999}']],
      },
    );
  });

  it('is left alone when a newer version wrote it, whatever is in it', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, anyJson), fc.integer({ min: 2 }), (body, format) => {
        const value = JSON.stringify({ ...body, format });
        const error = thrownBy(() => readRecord({ value, version: VERSION }, NOW));
        expect(error).toMatchObject({ name: 'StorageError', code: 'record_from_newer_version' });
        expect(error).not.toHaveProperty('version');
      }),
      runs(50),
    );
  });
});
