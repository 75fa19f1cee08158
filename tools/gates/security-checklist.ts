import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GateResult } from '../gates.ts';

const PAGE = 'docs/reference/security-checklist.md';

interface NamedTest {
  readonly path: string;
  /** Empty if the page names only the file. */
  readonly title: string;
}

/** Checks that the tests exist that the security checklist names. */
export async function checkSecurityChecklist(root: string): Promise<GateResult> {
  const read = (path: string) => readFile(join(root, path), 'utf8').catch(() => '');
  const tests = testsNamedIn(await read(PAGE));
  if (tests.length === 0) return `${PAGE} names no tests.`;
  const files = new Map<string, string>();
  for (const path of new Set(tests.map((test) => test.path))) files.set(path, await read(path));
  return tests
    .filter(({ path, title }) => !hasTest(files.get(path) ?? '', title))
    .map(({ path, title }) => `${PAGE} names “${title}”, which is no test in ${path}.`)
    .join('\n');
}

/** Returns the tests that a page names: the path of a file in backticks, then titles in “double quotation marks”. */
export function testsNamedIn(page: string): NamedTest[] {
  const tests = [];
  for (const [, path = '', list = ''] of page.matchAll(/`([\w./-]+\.(?:test|spec)\.ts)`((?:[:,]\s*“[^”]+”)*)/g)) {
    const titles = [...list.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title);
    for (const title of titles.length === 0 ? [''] : titles) tests.push({ path, title });
  }
  return tests;
}

/** Whether the text of a test file has a test with this title as the first argument of its call. */
export function hasTest(text: string, title: string): boolean {
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return title !== '' && new RegExp(`\\b(?:it|test)\\b[^;]*?\\(\\s*(['"\`])${literal}\\1\\s*,`, 's').test(text);
}
