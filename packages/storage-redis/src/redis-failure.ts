import { type ErrorCode, type KnownErrorCode, StorageError } from '@frameio-auth/core';
import { foreignCode } from '@frameio-auth/core/adapter';

const NOT_ALLOWED = "the user is not allowed to; see the package's README for the least that must be allowed";

/** What Redis' words, and the network's, mean for whoever has to mend it. */
const REASONS: Readonly<Record<string, string>> = {
  ASK: 'the cluster is moving the session, and the client did not follow',
  BUSY: 'another script has kept it busy for seconds',
  CLUSTERDOWN: 'the cluster is not complete',
  CROSSSLOT: 'the client is not a Cluster, or its keyPrefix splits the hash tag',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  ETIMEDOUT: 'the connection cannot be made',
  LOADING: 'it is still loading its data',
  MASTERDOWN: 'the replica has lost its master',
  MISCONF: 'it cannot write its data to the disk, and takes no writes until it can',
  MOVED: 'the session is on another node of the cluster, and the client is not a Cluster',
  NOAUTH: 'it wants a password',
  NOPERM: NOT_ALLOWED,
  NOREPLICAS: 'too few replicas are there to take writes',
  OOM: 'its memory is full, so that it takes no new keys; raise `maxmemory`, or find out what fills it',
  READONLY: 'this is a replica; the client must be connected to the master',
  TRYAGAIN: 'the cluster is moving the session',
  UNBLOCKED: 'it became a replica meanwhile',
  WRONGPASS: 'it does not know this user and password',
  WRONGTYPE: 'something else is kept under the key',
} satisfies Partial<Record<KnownErrorCode, string>>;

const ADVICE = 'It is tried again; if that lasts, look at the log of Redis, or ask doctor() of the storage.';

/** What says more by its words than by its code: errors of the client itself, and what Redis calls a plain `ERR`. */
const WORDED_REASONS: readonly (readonly [of: RegExp, code: KnownErrorCode, reason: string])[] = [
  // The first, because it quotes what was asked.
  [/^ReplyError ERR unknown command/, 'ERR', 'it does not know a command that scripts need; is it a sentinel?'],
  [/^ReplyError ERR .*(?:ACL failure in script|can't run this command)/, 'NOPERM', NOT_ALLOWED],
  [
    /^ReplyError ERR .*(?:shebang|compiling script)/i,
    'redis_too_old',
    'this storage needs Redis 7 or newer, or Valkey',
  ],
  [/Too many Cluster redirections/, 'CLUSTERDOWN', 'the nodes of the cluster do not agree who has the session'],
  [/MaxRetriesPerRequest/, 'ECONNREFUSED', 'it was not to be reached, however often the client tried'],
  [/ClusterAllFailed|Failed to refresh slots cache/, 'CLUSTERDOWN', 'no node of the cluster is to be reached'],
  [/enableOfflineQueue/, 'ECONNREFUSED', 'the client is not connected'],
  [/Connection is closed|Cluster is ended/, 'connection_closed', 'the client was closed, or has given up'],
  [/aborted due to connection close/, 'ECONNRESET', 'the connection was lost'],
  [/All sentinels are unreachable/, 'ECONNREFUSED', 'no sentinel is to be reached'],
  [/Command timed out|Socket timeout/, 'storage_timeout', 'no answer came'],
];

/**
 * The `StorageError` for what a call rejected with. Redis' own code is kept, such as `READONLY`; texts and properties
 * are not shown, because ioredis attaches the command with its arguments, among which is the record.
 */
export function storageErrorOf(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code, reason } = told(error);
  return new StorageError(code, `Redis failed: ${reason}. Nothing that it holds is lost. ${ADVICE}`);
}

/** No answer within the time. What was asked may be done all the same. */
export function timeoutError(timeout: number): StorageError {
  return new StorageError(
    'storage_timeout',
    `Redis did not answer within ${timeout} ms. Nothing that it holds is lost. Check that it is up, reachable and not busy with slow commands.`,
  );
}

/** Whether Redis may have done what failed with this: not when Redis refused it itself, or when it was not sent. */
export function mayHaveRun(failure: unknown): boolean {
  return !(failure instanceof StorageError || (failure instanceof Error && failure.name === 'ReplyError'));
}

/** Whether Redis has not got a script, as after a restart. */
export function isScriptMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

function told(error: unknown): { readonly code: ErrorCode; readonly reason: string } {
  if (!(error instanceof Error)) return { code: 'storage_failed', reason: 'for a reason not shown here' };
  // What a Cluster says itself is that it found no node; why, its last node said.
  const { code: itsCode, lastNodeError } = error as NodeJS.ErrnoException & { readonly lastNodeError?: unknown };
  if (lastNodeError instanceof Error && REASONS[codeIn(lastNodeError.message)] !== undefined)
    return told(lastNodeError);
  const shown = `${error.name} ${error.message}`;
  for (const [of, code, reason] of WORDED_REASONS) if (of.test(shown)) return { code, reason };
  const code = itsCode ?? codeIn(error.message);
  if (REASONS[code] !== undefined) return { code: foreignCode(code), reason: `${REASONS[code]} (${code})` };
  return {
    code: /^[A-Z_]{2,30}$/.test(code) ? foreignCode(code) : 'storage_failed',
    reason: 'its reason is not shown here',
  };
}

/** The word that Redis begins its errors with. */
function codeIn(message: string): string {
  return /^-?([A-Z]{3,})\b/.exec(message)?.[1] ?? '';
}
