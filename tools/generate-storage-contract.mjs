// Writes docs/storage-contract.md from the clauses of @frameio-auth/testing, which must be built. With `--check` it
// writes nothing, and ends with code 1 when the page is not what it would write.
import { readFile, writeFile } from 'node:fs/promises';

const PAGE = new URL('../docs/storage-contract.md', import.meta.url);
const TESTING = new URL('../packages/testing/dist/index.js', import.meta.url);

const INTRODUCTION = `# The storage contract

What sessions rely on in a \`TokenStorage\`. Each rule is a clause of \`storageContract()\` in \`@frameio-auth/testing\`, which
proves it on a real storage; every storage of this repository is held to all of them, and yours can be too. An id stays
the same from release to release. This page is made from the clauses: \`npm run dev -- pnpm generate\`.
`;

/** @type {{ storageContract(options: object): { id: string, rule: string }[] }} */
const { storageContract } = await import(TESTING.href);
const clauses = storageContract({ name: 'none', create: () => Promise.reject(new Error('Nothing is checked here.')) });

const page = pageOf(clauses);
if (!process.argv.includes('--check')) {
  await writeFile(PAGE, page);
} else if ((await readFile(PAGE, 'utf8').catch(() => '')) !== page) {
  console.error('docs/storage-contract.md is not what the clauses say. Write it anew: npm run dev -- pnpm generate');
  process.exitCode = 1;
}

/** @param {{ id: string, rule: string }[]} clauses */
function pageOf(clauses) {
  const matters = [...new Set(clauses.map(({ id }) => matterOf(id)))];
  const sections = matters.map((matter) => {
    const rules = clauses.filter(({ id }) => matterOf(id) === matter).map(({ id, rule }) => `- \`${id}\`: ${rule}\n`);
    return `## ${matter}\n\n${rules.join('')}`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}

/** @param {string} id */
function matterOf(id) {
  return id.slice(0, id.indexOf('.'));
}
