import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PAGE = 'docs/reference/security-checklist.md';

/**
 * Checks that the tests exist by which the security checklist proves its lines.
 *
 * @param {string} root
 * @returns {Promise<import('../gates.mjs').Verdict>}
 */
export async function checkSecurityChecklist(root) {
  const read = (/** @type {string} */ path) => readFile(join(root, path), 'utf8').catch(() => undefined);
  const proofs = proofsOf((await read(PAGE)) ?? '');
  if (proofs.length === 0) return { faults: `${PAGE} names no tests.` };
  const files = new Map();
  for (const path of new Set(proofs.map((proof) => proof.path))) files.set(path, await read(path));
  const missing = proofs.filter(({ path, title }) => !hasTest(files.get(path) ?? '', title));
  return {
    faults: missing.map(({ path, title }) => `${PAGE} names “${title}”, which is no test of ${path}.`).join('\n'),
  };
}

/**
 * The tests that a page names: the path of a file in backticks, then titles in double quotation marks, each with a comma
 * before the next one.
 *
 * @param {string} page
 * @returns {{ path: string, title: string }[]}
 */
export function proofsOf(page) {
  const proofs = [];
  for (const [, path = '', titles = ''] of page.matchAll(/`([\w./-]+\.(?:test|spec)\.ts)`((?:[:,]\s*“[^”]+”)*)/g)) {
    const named = [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title);
    // A file without a title proves nothing in particular, and no test is called so.
    for (const title of named.length === 0 ? [''] : named) proofs.push({ path, title });
  }
  return proofs;
}

/**
 * Whether the text of a test file has a test of this title: the first argument of a call, as it is.
 *
 * @param {string} text
 * @param {string} title
 */
export function hasTest(text, title) {
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return title !== '' && new RegExp(`\\b(?:it|test)\\b[^;]*?\\(\\s*(['"\`])${literal}\\1\\s*,`, 's').test(text);
}
