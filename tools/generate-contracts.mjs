// Writes the pages of the contracts, docs/reference/storage-contract.md and docs/reference/transport-contract.md, from the clauses of
// @frameio-auth/conformance, which must be built. With `--check` it writes nothing, and ends with code 1 when a page is not
// what it would write.
import { writeGenerated } from './generated-file.mjs';

const ROOT = new URL('../', import.meta.url);

/**
 * @typedef {{ id: string, rule: string }} Clause
 * @typedef {(options: { name: string, create(): Promise<never> }) => Clause[]} Contract
 */

/** @type {{ storageContract: Contract, transportContract: Contract }} */
const { storageContract, transportContract } = await import(new URL('packages/conformance/dist/index.js', ROOT).href);

/** @type {{ page: string, introduction: string, contract: Contract }[]} */
const CONTRACTS = [
  {
    page: 'docs/reference/storage-contract.md',
    introduction: `# The storage contract

What sessions rely on in a \`TokenStorage\`. Each rule is a clause of \`storageContract()\` in \`@frameio-auth/conformance\`, which
proves it on a real storage; every storage of this repository is held to all of them, and yours can be too. An id stays
the same from release to release. This page is made from the clauses: \`npm run dev -- pnpm generate\`.
`,
    contract: storageContract,
  },
  {
    page: 'docs/reference/transport-contract.md',
    introduction: `# The transport contract

What sessions rely on in a \`Transport\`: above all, that its errors say truthfully whether a request can have reached the
server, because a refresh token may be spent by one that did. Each rule is a clause of \`transportContract()\` in
\`@frameio-auth/conformance\`, which proves it on servers on loopback that fail in every way that servers do; every transport of
this repository is held to all of them, and yours can be too. An id stays the same from release to release. This page is
made from the clauses: \`npm run dev -- pnpm generate\`.

\`unknown\` and \`not_sent\` are the \`delivery\` of a \`TransportError\`, words such as \`timeout\` its \`code\`.
`,
    contract: transportContract,
  },
];

for (const { page, introduction, contract } of CONTRACTS) {
  const clauses = contract({
    name: 'none',
    create: () => Promise.reject(new Error('Nothing is checked here.')),
  });
  await writeGenerated(page, contentOf(introduction, clauses), 'the clauses');
}

/**
 * @param {string} introduction
 * @param {Clause[]} clauses
 */
function contentOf(introduction, clauses) {
  const matters = [...new Set(clauses.map(({ id }) => matterOf(id)))];
  const sections = matters.map((matter) => {
    const rules = clauses.filter(({ id }) => matterOf(id) === matter).map(({ id, rule }) => `- \`${id}\`: ${rule}\n`);
    return `## ${matter}\n\n${rules.join('')}`;
  });
  return [introduction, ...sections].join('\n');
}

/** @param {string} id */
function matterOf(id) {
  return id.slice(0, id.indexOf('.'));
}
