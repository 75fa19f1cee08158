import { built } from './built.ts';
import { table } from './markdown.ts';

interface Rule {
  readonly outcome: string;
  readonly kind: string;
  readonly reason: string;
}

interface Consequence {
  readonly retriesImmediately: boolean;
  readonly pause: 'backoff' | 'long';
  readonly callersWait: boolean;
  readonly endsSession: boolean;
  readonly reason: string;
}

interface Tables {
  readonly NO_RESPONSE_RULES: readonly Rule[];
  readonly RESPONSE_RULES: readonly Rule[];
  readonly CONSEQUENCES: Record<string, Consequence>;
}

type Policy = typeof import('../../packages/core/src/machine/policy.ts');

/** Returns the page of the failure policy, from the tables that sessions use. */
export async function failurePolicyPage(): Promise<Record<string, string>> {
  const { NO_RESPONSE_RULES, RESPONSE_RULES, CONSEQUENCES } = await built<Tables>('core/dist/kernel/failure-policy.js');
  const { policy } = await built<Policy>('core/dist/machine/policy.js');
  const pauses = {
    backoff: `backoff: random, up to ${seconds(policy.backoff.first)}, then 2, 4, …, ${seconds(policy.backoff.longest)}`,
    long: `between ${seconds(policy.longPause.notBefore)} and ${seconds(policy.longPause.notAfter)}`,
  };
  const consequences = Object.entries(CONSEQUENCES).map(
    ([kind, { retriesImmediately, pause, callersWait, endsSession, reason }]) => [
      kindName(kind),
      retriesImmediately ? 'once' : 'no',
      pauses[pause],
      callersWait ? 'wait through a short pause' : 'are rejected',
      endsSession ? 'yes' : 'no',
      reason,
    ],
  );
  const page = `# What each failure means

A token request that returns no tokens is classified by the first two tables; the first matching row counts. The third table
says what follows. Sessions use the same tables ([\`failure-policy.ts\`](../../packages/core/src/kernel/failure-policy.ts)), and
this page is generated from them: \`npm run dev -- pnpm generate\`. [The lifecycle](../design/lifecycle.md#failures) says which
errors callers get, and how the state of a session changes.

## No response

${rulesTable('what happened', NO_RESPONSE_RULES)}

## A response without tokens

${rulesTable('response', RESPONSE_RULES)}

- By default, only a response about the grant ends a session. A profile can add more: \`errorKinds\` for error codes of its
  server, and \`unknownErrors\` and \`bareBadRequest\` for a server that rejects refresh tokens without a known error code.
- A client with two secrets tries the other one after an error in the profile's \`wrongSecret\` (default: \`invalid_client\`), and
  after a 401 without an \`error\`. A revocation tries it after any rejection. Every other response proves the secret, even if it
  rejects the grant: that secret goes first from then on.
- A 2xx response with tokens is a success, whatever its exact status. So is any 2xx response to a revocation. A 2xx response with
  an \`error\` and no tokens is that error. A response without \`token_type\` grants a bearer token.
- Some web frameworks send the name of a status in \`error\` ("Unauthorized", "Bad Request"). It counts as no \`error\`.

## What follows

${table(
  ['kind', 'immediate retry', 'pause before the next attempt', 'callers without a token', 'ends the session', 'why'],
  consequences,
)}

- A backoff pause is random over its whole range (full jitter). It begins after the server's \`Retry-After\`, in either of its forms
  (RFC 9110 §10.2.3), but no later than after ${seconds(policy.longestRetryAfter)}.
- A \`Retry-After\` for a refresh or a service applies to all instances: it is kept in the storage, and no instance requests tokens
  until it ends. Users' codes are still exchanged, because they expire sooner. A \`Retry-After\` for a code delays no other request,
  because any visitor can send a code.
- An error in a callback is a claim of the browser, so it is in neither table: it ends that sign-in and nothing else.
- A storage that does not answer is \`transient\`, with pauses of at most ${seconds(policy.storageBackoff)}.
- Callers wait through ${policy.patience.attempts - 1} failed attempts, and for at most ${seconds(policy.patience.delay)}.
- An ending is written by compare-and-set: if another instance has newer tokens, the session adopts them instead.
- The cause is \`refresh_interrupted\` if a refresh is rejected after one with a lost response, or after another instance's lease
  timed out. Otherwise it is \`refresh_token_rejected\`.
`;
  return { 'docs/reference/failure-policy.md': page };
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}

function rulesTable(head: string, rules: readonly Rule[]): string {
  return table(
    [head, 'kind', 'why'],
    rules.map(({ outcome, kind, reason }) => [outcome, kindName(kind), reason]),
  );
}

function kindName(kind: string): string {
  return kind === 'profile' ? 'as the profile says' : `\`${kind}\``;
}
