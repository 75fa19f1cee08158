import { built } from './built.ts';

/** By section and code, the entries of the page. */
type Sections = Record<string, Record<string, { meaning: string; remedy: string }>>;

/** Returns the page of error codes: once for docs/, and once for the package of core, to which `error.help` leads. */
export async function errorPages(): Promise<Record<string, string>> {
  const { OWN_CODES } = await built<{ OWN_CODES: Sections }>('core/dist/kernel/own-codes.js');
  const { FOREIGN_CODES } = await built<{ FOREIGN_CODES: Sections }>('core/dist/kernel/foreign-codes.js');
  const pageFor = (core: string) => `# Error codes

Every error of the \`@frameio-auth\` packages has a \`code\`. This page says what each code means and what to do about it;
\`error.help\` names the entry. The page is generated from [the tables that define the types](${core}src/kernel/own-codes.ts), so it
has every code.

**Is the code missing here?** Then it comes from the authorization server (\`AuthenticationError\`, \`ConfigurationError\`), the
platform (\`TransportError\`) or the storage (\`StorageError\`), and the message quotes or explains it. Look it up in their
documentation, and give their support the \`debugId\` of the error, if there is one. For responses without an OAuth error,
\`http_4xx\` is about the request or the client, and \`http_5xx\` about the server.

**The class tells you what to do.** After a \`TransportError\`, \`RateLimitError\`, \`ProtocolError\` or \`StorageError\`, the tokens are
kept: call again later. After a \`ConfigurationError\`, the tokens are kept, and a setting must change. After an
\`AuthenticationError\`, the user must sign in again.

${sectionsOf(OWN_CODES)}

# Codes of platforms and servers

${sectionsOf(FOREIGN_CODES)}
`;
  return { 'docs/reference/errors.md': pageFor('../../packages/core/'), 'packages/core/errors.md': pageFor('') };
}

function sectionsOf(sections: Sections): string {
  return Object.entries(sections)
    .flatMap(([title, codes]) => [
      `## ${title}`,
      ...Object.entries(codes).map(
        ([code, { meaning, remedy }]) => `### ${code}\n\n${meaning}\n\n_What to do:_ ${remedy}`,
      ),
    ])
    .join('\n\n');
}
