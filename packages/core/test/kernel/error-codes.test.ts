import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CodeEntry, ErrorCode } from '../../src/kernel/error-codes.js';
import { foreignCode, StorageError, TransportError } from '../../src/kernel/errors.js';
import { FOREIGN_CODES } from '../../src/kernel/foreign-codes.js';
import { OWN_CODES } from '../../src/kernel/own-codes.js';

const entries: readonly (readonly [string, CodeEntry])[] = [OWN_CODES, FOREIGN_CODES].flatMap((sections) =>
  Object.values(sections).flatMap((section) => Object.entries<CodeEntry>(section)),
);

const page = await readFile(new URL('../../errors.md', import.meta.url), 'utf8');
/** The anchors of the headings, as GitHub and others derive them. */
const anchors = [...page.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase());

describe('the codes of errors', () => {
  it('stand in one section each, whatever their case', () => {
    const names = entries.map(([code]) => code.toLowerCase());

    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each(entries)('say in sentences what %s means and what to do', (_, { meaning, remedy }) => {
    expect([meaning, remedy]).toEqual([expect.stringMatching(/^\S.*\.$/s), expect.stringMatching(/^\S.*\.$/s)]);
  });

  it('do not compile without an entry', () => {
    // @ts-expect-error: a code in the style of this project that is in no table
    const unknown: ErrorCode = 'storage_on_holiday';
    const platforms: ErrorCode = 'ENOSPC';
    const marked: ErrorCode = foreignCode('storage_on_holiday');

    expect([unknown, platforms, marked]).toHaveLength(3);
  });
});

describe('`help` of an error', () => {
  it('leads to the entry of every code on the page that the package brings along', () => {
    const fragments = entries.map(([code]) => new StorageError(foreignCode(code), 'No.').help);

    expect(fragments).toEqual(anchors.map((anchor) => `@frameio-auth/core/errors.md#${anchor}`));
  });

  it('carries nothing but the code, and that as a part of an address', () => {
    const error = new TransportError(foreignCode('Odd code#?<&'), 'It failed.', { delivery: 'unknown' });

    expect(error.help).toBe('@frameio-auth/core/errors.md#odd%20code%23%3F%3C%26');
  });

  it('is in the plain data of the error, for logs that are written as JSON', () => {
    const { help } = JSON.parse(JSON.stringify(new StorageError('storage_timeout', 'No.')));

    expect(help).toBe('@frameio-auth/core/errors.md#storage_timeout');
  });
});
