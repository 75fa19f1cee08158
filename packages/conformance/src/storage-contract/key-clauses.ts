import assert from 'node:assert/strict';
import { range } from '../range.js';
import { keptOrRefused } from './kept-or-refused.js';
import { assertNoRecord, assertRecord, type Clause, type StorageFixture, write } from './storage-fixture.js';

const HOSTILE_KEYS: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../fictional',
  '/',
  '/etc/fictional',
  'a/b',
  'a\\b',
  'a%2Fb',
  'C:\\fictional',
  'CON',
  'a:b',
  'a*',
  '?',
  '[a]',
  '{a}b',
  '{}',
  '$1',
  '%s',
  '"quoted"',
  "it's",
  '`a`',
  '-rf',
  'a\nb',
  'a\r\nb',
  'a\tb',
  'a\0b',
  '\0',
  '\u007f',
  '\u2028',
  '\ufeffa',
  'مونتاج',
  '剪辑室',
  '👩‍👩‍👧‍👦',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'undefined',
  'null',
  '0',
];

/** Each differs from another in a way that some systems do not distinguish. */
const LOOKALIKE_KEYS: readonly string[] = [
  'session',
  'Session',
  'SESSION',
  'se\u017fsion', // ſ; its upper case is S
  'caf\u00e9',
  'cafe\u0301',
  'CAF\u00c9',
  'stra\u00dfe',
  'strasse',
  'a',
  'a ',
  ' a',
  'a.',
  'a/',
  'a//b',
  'a/b',
  'a/./b',
  'a%62',
  'ab',
  'a\0',
  '1',
  '01',
  '1.0',
];

export const keyClauses: readonly Clause[] = [
  {
    id: 'key.any',
    rule: 'A key is any string, even with path separators, dots, control characters, emoji or the names of built-in members.',
    prove: (fixture) => assertApart(fixture, HOSTILE_KEYS),
  },
  {
    id: 'key.exact',
    rule: 'Keys that differ only in case, Unicode normalisation or white space have separate records.',
    prove: (fixture) => assertApart(fixture, LOOKALIKE_KEYS),
  },
  {
    id: 'key.long',
    rule: 'Keys of ten thousand characters that differ only in the last one have separate records.',
    prove: (fixture) =>
      assertApart(
        fixture,
        ['a', 'b', 'é'].map((last) => 'k'.repeat(9_999) + last),
      ),
  },
  {
    id: 'key.many',
    rule: 'Three hundred keys that are written and read concurrently have separate records.',
    prove: (fixture) =>
      assertApart(
        fixture,
        range(0, 300).map((index) => `fictional-session-${index}`),
      ),
  },
  {
    id: 'key.ill-formed',
    rule: 'Keys that are not well-formed Unicode have separate records, or are rejected with a StorageError.',
    async prove({ storage, other }) {
      const kept = [];
      for (const key of ['a\ud800', 'a\udfff', 'a\ufffd']) {
        const version = await keptOrRefused(() => write(storage, key, `the value of ${JSON.stringify(key)}`));
        if (version !== undefined) kept.push({ key, version });
      }
      for (const { key, version } of kept) {
        assertRecord(await other.read(key), `the value of ${JSON.stringify(key)}`, version);
      }
      assert.ok(
        kept.some(({ key }) => key === 'a\ufffd'),
        'A key that is well-formed was refused.',
      );
    },
  },
];

/** Writes a record for each key, through either handle, and reads each through the other. */
async function assertApart({ storage, other }: StorageFixture, keys: readonly string[]): Promise<void> {
  const written = await Promise.all(
    keys.map(async (key, index) => {
      const [writer, reader] = index % 2 === 0 ? [storage, other] : [other, storage];
      const value = `the value of key ${index}`;
      assertNoRecord(await reader.read(key));
      return { key, value, version: await write(writer, key, value), reader };
    }),
  );
  await Promise.all(
    written.map(async ({ key, value, version, reader }) => assertRecord(await reader.read(key), value, version)),
  );
}
