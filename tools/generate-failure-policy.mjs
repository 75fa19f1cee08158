// Writes docs/reference/failure-policy.md from the tables of @frameio-auth/core, which must be built. With `--check` it writes
// nothing, and ends with code 1 when the page is not what it would write.
import { writeGenerated } from './generated-file.mjs';

const CORE = new URL('../packages/core/dist/', import.meta.url);

/**
 * @typedef {{ outcome: string, kind: string, reason: string }} Rule
 * @typedef {{ repeatsAtOnce: boolean, pause: 'backoff' | 'long', callersWait: boolean, endsSession: boolean, reason: string }} Consequence
 */

/** @type {{ NO_RESPONSE_RULES: Rule[], RESPONSE_RULES: Rule[], CONSEQUENCES: Record<string, Consequence> }} */
const { NO_RESPONSE_RULES, RESPONSE_RULES, CONSEQUENCES } = await import(
  new URL('kernel/failure-policy.js', CORE).href
);
/** @type {{ policy: typeof import('../packages/core/src/machine/policy.js').policy }} */
const { policy } = await import(new URL('machine/policy.js', CORE).href);

const seconds = (/** @type {number} */ milliseconds) => `${milliseconds / 1000} s`;
const yes = (/** @type {boolean} */ is) => (is ? 'yes' : 'no');

const PAUSES = {
  backoff: `backoff: at some moment of the next ${seconds(policy.backoff.first)}, then 2, 4, …, ${seconds(policy.backoff.longest)}`,
  long: `between ${seconds(policy.longPause.notBefore)} and ${seconds(policy.longPause.notAfter)}`,
};

const page = `# What a failure means, and what follows

Every request for tokens that brings none is judged by the first two tables; the first row that fits decides. What
follows is in the third. The session's code looks these tables up ([\`failure-policy.ts\`](../../packages/core/src/kernel/failure-policy.ts)),
and so are they made here: \`npm run dev -- pnpm generate\`. The errors that callers see, and the way of a session through
all this, are on [the lifecycle's page](../design/lifecycle.md#failures).

## When no answer comes

${table(
  ['what happened', 'kind', 'why'],
  NO_RESPONSE_RULES.map(({ outcome, kind, reason }) => [outcome, kindName(kind), reason]),
)}

## When the server answers

${table(
  ['the answer', 'kind', 'why'],
  RESPONSE_RULES.map(({ outcome, kind, reason }) => [outcome, kindName(kind), reason]),
)}

- No answer ends a session by default unless it speaks of the grant. A profile may say more: \`errorKinds\` for words of the
  server's own, \`unknownErrors\` and \`bareBadRequest\` for a server that refuses refresh tokens in no known words.
- A client with two secrets tries the other one after an answer that the profile lists in \`wrongSecret\` (by default
  \`invalid_client\`), and after a 401 without an \`error\`. A revocation tries it after any refusal. Any answer but these
  proves the secret that was shown, also a refusal of the grant: it goes first from then on.
- 2xx with tokens is a success, whatever its number, and so is any 2xx to a revocation. A 2xx with an \`error\` and no tokens
  is that error. An answer without \`token_type\` grants a bearer token.
- The name of a status in \`error\` ("Unauthorized", "Bad Request"), as web frameworks send it, is no \`error\`.

## What follows

${table(
  ['kind', 'again at once', 'pause before the next attempt', 'callers without a token', 'ends the session', 'why'],
  Object.entries(CONSEQUENCES).map(([kind, { repeatsAtOnce, pause, callersWait, endsSession, reason }]) => [
    kindName(kind),
    repeatsAtOnce ? 'once' : 'no',
    PAUSES[pause],
    callersWait ? 'wait through a short pause' : 'are turned away',
    yes(endsSession),
    reason,
  ]),
)}

- A pause by backoff is random from its whole span (full jitter), and begins when the server's \`Retry-After\` ends, in
  either of its forms (RFC 9110 §10.2.3), of which ${seconds(policy.longestRetryAfter)} are believed.
- A \`Retry-After\` to a refresh or a service cools down the whole fleet: it is kept in the storage, and the other
  instances ask for no tokens meanwhile. A user's code is exchanged all the same, because it does not live that long, and
  a \`Retry-After\` to a code cools nobody down, because anybody can hand one in.
- An error in a callback is what the browser claims, and stands in neither table: it ends that sign-in and nothing else.
- A storage that does not answer is \`transient\`, with pauses of ${seconds(policy.storageBackoff)} at most.
- Callers wait through ${policy.patience.attempts - 1} failed attempts, and for ${seconds(policy.patience.delay)} at most.
- An ending is written by compare-and-set: where another instance has newer tokens, they are adopted instead.
- A refresh that is refused after one whose answer was lost, or after another instance's lease ended by time, has the
  cause \`refresh_interrupted\`; any other \`refresh_token_rejected\`.
`;

await writeGenerated('docs/reference/failure-policy.md', page, 'the tables');

/** @param {string} kind */
function kindName(kind) {
  return kind === 'profile' ? 'as the profile says' : `\`${kind}\``;
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
