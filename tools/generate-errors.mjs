// Writes docs/reference/errors.md and packages/core/errors.md, which are the same page, from the tables of
// @frameio-auth/core, which must be built. With `--check` it writes nothing, and ends with code 1 when a page is not what
// it would write.
import { writeGenerated } from './generated-file.mjs';

/** The second one is packed: `error.help` leads to it. */
const PAGES = ['docs/reference/errors.md', 'packages/core/errors.md'];
const KERNEL = new URL('../packages/core/dist/kernel/', import.meta.url);

/** @typedef {Record<string, Record<string, { meaning: string, remedy: string }>>} Sections */

/** @type {{ OWN_CODES: Sections }} */
const { OWN_CODES } = await import(new URL('own-codes.js', KERNEL).href);
/** @type {{ FOREIGN_CODES: Sections }} */
const { FOREIGN_CODES } = await import(new URL('foreign-codes.js', KERNEL).href);

const page = `# Error codes

Every error of the \`@frameio-auth\` packages has a \`code\`. This page says what each one means and what to do about it;
\`error.help\` names the entry. It is made from [the tables that the errors' types come from](CORE/src/kernel/own-codes.ts), so no
code is missing.

**The code is not here?** Then others made it up: the authorization server (\`AuthenticationError\`, \`ConfigurationError\`), the
platform (\`TransportError\`) or the storage (\`StorageError\`). The message quotes or explains it. Look it up in the documentation of
whoever made it, and tell their support the \`debugId\` of the error, if there is one. Of statuses without an OAuth error,
\`http_4xx\` is about the request or the client, and \`http_5xx\` about the server.

**The class says what follows.** After a \`TransportError\`, \`RateLimitError\`, \`ProtocolError\` or \`StorageError\`, tokens are kept: call
again later. After a \`ConfigurationError\`, tokens are kept, and somebody has to change a setting. After an
\`AuthenticationError\`, the user signs in again.

${sections(OWN_CODES)}

# Codes of others

${sections(FOREIGN_CODES)}
`;

for (const path of PAGES) {
  const text = page.replaceAll('CORE/', path.startsWith('docs/') ? '../../packages/core/' : '');
  await writeGenerated(path, text, 'the tables');
}

/** @param {Sections} sections */
function sections(sections) {
  return Object.entries(sections)
    .map(([title, codes]) => [`## ${title}`, ...Object.entries(codes).map(entry)].join('\n\n'))
    .join('\n\n');
}

/** @param {[code: string, entry: { meaning: string, remedy: string }]} entry */
function entry([code, { meaning, remedy }]) {
  return `### ${code}\n\n${meaning}\n\n_What to do:_ ${remedy}`;
}
