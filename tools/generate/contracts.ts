import { built } from './built.ts';

interface Clause {
  /** A topic and a name, such as `lease.held`. */
  readonly id: string;
  readonly rule: string;
}

type Contract = (options: { name: string; create(): Promise<never> }) => Clause[];

/** Returns the pages of the two contracts, from their clauses. */
export async function contractPages(): Promise<Record<string, string>> {
  const { storageContract, transportContract } =
    await built<Record<'storageContract' | 'transportContract', Contract>>('conformance/dist/index.js');
  return {
    'docs/reference/storage-contract.md': `# The storage contract

Sessions rely on these rules in every \`TokenStorage\`. Each rule is a clause of \`storageContract()\` in
\`@frameio-auth/conformance\`, which checks it on a real storage. Every storage of this repository passes all clauses, and you can
test your own in the same way. The id of a clause stays the same between releases. This page is generated from the clauses:
\`npm run dev -- pnpm generate\`.

${sectionsOf(storageContract)}`,
    'docs/reference/transport-contract.md': `# The transport contract

Sessions rely on these rules in every \`Transport\`. Above all, an error must say whether the request can have reached the
server, because a server may already have spent the refresh token of such a request. Each rule is a clause of
\`transportContract()\` in \`@frameio-auth/conformance\`, which checks it with servers on loopback that fail as real servers do.
Every transport of this repository passes all clauses, and you can test your own in the same way. The id of a clause stays the
same between releases. This page is generated from the clauses: \`npm run dev -- pnpm generate\`.

\`unknown\` and \`not_sent\` are values of \`delivery\` in a \`TransportError\`; words such as \`timeout\` are its \`code\`.

${sectionsOf(transportContract)}`,
  };
}

function sectionsOf(contract: Contract): string {
  const create = () => Promise.reject(new Error('The clauses are only listed.'));
  const topics = Map.groupBy(contract({ name: 'none', create }), ({ id }) => id.split('.', 1)[0]);
  return [...topics]
    .map(([topic, clauses]) => `## ${topic}\n\n${clauses.map(({ id, rule }) => `- \`${id}\`: ${rule}\n`).join('')}`)
    .join('\n');
}
