import { type ErrorCode, type KnownErrorCode, StorageError } from '@frameio-auth/core';
import { foreignCode } from '@frameio-auth/core/adapter';

const NOT_ALLOWED = "the user is not allowed to; see the package's README for the least that must be allowed";

/** Explains the error codes of Redis and the network to operators. */
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

/**
 * Errors with a message that says more than their code: those of the client itself, and what Redis reports as a plain `ERR`.
 */
const WORDED_REASONS: readonly (readonly [of: RegExp, code: KnownErrorCode, reason: string])[] = [
  // Comes first, because its message quotes the command.
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
 * Converts a rejection into a `StorageError`. The code of Redis is kept, such as `READONLY`. Messages and properties
 * are not included, because ioredis attaches the command with its arguments, which contain the record.
 */
export function storageErrorOf(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code, reason } = notified(error);
  return new StorageError(code, `Redis failed: ${reason}. Nothing that it holds is lost. ${ADVICE}`);
}

/** Creates the error for a missing response. The command may still run. */
export function timeoutError(timeout: number): StorageError {
  return new StorageError(
    'storage_timeout',
    `Redis did not answer within ${timeout} ms. Nothing that it holds is lost. Check that it is up, reachable and not busy with slow commands.`,
  );
}

/**
 * Whether Redis may have run the command that failed with this error: not if Redis rejected it, or if it was never
 * sent.
 */
export function mayHaveRun(failure: unknown): boolean {
  return !(failure instanceof StorageError || (failure instanceof Error && failure.name === 'ReplyError'));
}

/** Whether Redis does not have a script, for example after a restart. */
export function isScriptMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

function notified(error: unknown): { readonly code: ErrorCode; readonly reason: string } {
  if (!(error instanceof Error)) return { code: 'storage_failed', reason: 'for a reason not shown here' };
  // A Cluster itself reports only that it found no node; the error of its last node says why.
  const { code: itsCode, lastNodeError } = error as NodeJS.ErrnoException & { readonly lastNodeError?: unknown };
  if (lastNodeError instanceof Error && REASONS[codeIn(lastNodeError.message)] !== undefined)
    return notified(lastNodeError);
  const shown = `${error.name} ${error.message}`;
  for (const [of, code, reason] of WORDED_REASONS) if (of.test(shown)) return { code, reason };
  const code = itsCode ?? codeIn(error.message);
  if (REASONS[code] !== undefined) return { code: foreignCode(code), reason: `${REASONS[code]} (${code})` };
  return {
    code: /^[A-Z_]{2,30}$/.test(code) ? foreignCode(code) : 'storage_failed',
    reason: 'its reason is not shown here',
  };
}

/** Returns the word that an error of Redis begins with. */
function codeIn(message: string): string {
  return /^-?([A-Z]{3,})\b/.exec(message)?.[1] ?? '';
}
