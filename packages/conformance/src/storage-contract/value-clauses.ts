import assert from 'node:assert/strict';
import { keptOrRefused } from './kept-or-refused.js';
import { assertRecord, type Clause, KEY, write } from './storage-fixture.js';

const VALUES: readonly string[] = [
  '',
  ' ',
  ' padded \n',
  'null',
  'undefined',
  'false',
  '0',
  '{"json":"\\u0000"}',
  '[object Object]',
  'quotes " \' ` and \\ backslashes \\n',
  'line\nline\r\nline\rline\u2028line',
  'NUL \0 and other control characters \u0001 \u001b \u007f',
  '\ufeffbyte order mark',
  'e\u0301 is not \u00e9',
  'Schnittraum, 剪辑室, مونتاج, 👩‍👩‍👧‍👦 and 𝒻𝒾𝓁𝓂',
  '%00 %s $1 $& {{a}} <![CDATA[]]>',
];

const MEBIBYTE = 1024 * 1024;

export const valueClauses: readonly Clause[] = [
  {
    id: 'value.verbatim',
    rule: 'A value is returned exactly as it was written, even if it is empty, with any character of Unicode.',
    async prove({ storage, other }) {
      let version = 0;
      for (const value of VALUES) {
        version = await write(storage, KEY, value, { expectedVersion: version });
        assertRecord(await other.read(KEY), value, version);
      }
    },
  },
  {
    id: 'value.large',
    rule: 'A value of one mebibyte is returned exactly as it was written.',
    async prove({ storage, other }) {
      for (const [key, unit] of [
        ['ascii', 'The quick brown fox. '],
        ['beyond', 'Schnittraum 剪辑室 👩‍👩‍👧‍👦 '],
      ] as const) {
        const value = unit.repeat(MEBIBYTE / Buffer.byteLength(unit));
        const version = await write(storage, key, value);
        const { record } = await other.read(key);
        // Not assert.equal, because its message would show a mebibyte.
        assert.ok(record?.value === value, `${value.length} characters were written, and others were read.`);
        assert.equal(record.version, version, 'The version of the large value:');
      }
    },
  },
  {
    id: 'value.ill-formed',
    rule: 'A value that is not well-formed Unicode is returned exactly as it was written, or is rejected with a StorageError.',
    async prove({ storage, other }) {
      const value = 'half a character: \ud83d';
      const version = await keptOrRefused(() => write(storage, KEY, value));
      if (version === undefined) assert.ok(!('record' in (await other.read(KEY))), 'A value was written and refused.');
      else assertRecord(await other.read(KEY), value, version);
    },
  },
];
