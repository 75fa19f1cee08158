import { StorageError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';

/** Calls a storage. Errors and rejections become a `StorageError` that is safe to show. */
export async function fromStorage<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
  let reply: Reply;
  try {
    reply = await ask();
  } catch (error) {
    throw storageErrorOf(error);
  }
  if (isReply(reply)) return reply;
  throw new StorageError(
    'invalid_reply',
    'The storage returned an invalid reply, which was not used. Test the storage with storageContract().',
  );
}

/** Returns whether times, versions and records are valid. With an invalid time, a session would wait forever. */
function isReply(reply: unknown): boolean {
  if (!isObject(reply) || !isTime(reply['now'])) return false;
  const { outcome, record, version, until, lease } = reply;
  if (
    record !== undefined &&
    !(isObject(record) && typeof record['value'] === 'string' && isVersion(record['version']))
  )
    return false;
  switch (outcome) {
    case 'committed':
      return isVersion(version);
    case 'held':
      return isTime(until);
    case 'granted':
      return isObject(lease) && isTime(until);
    default:
      return outcome === undefined || outcome === 'moved' || outcome === 'conflict';
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Returns whether a `Date` can represent it. Beyond, numbers are too coarse to add a second to. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

function isVersion(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/**
 * Copies only the code, message and version of a StorageError, which hold no secrets. An error of the driver below, or
 * a `cause`, may quote what was to be written.
 */
function storageErrorOf(error: unknown): StorageError {
  return error instanceof StorageError
    ? new StorageError(error.code, error.message, { version: error.version })
    : new StorageError(
        'storage_failed',
        'The storage failed with an error that is not a StorageError, so its reason is not safe to show. Check the log of the storage. If it is your own, throw a StorageError to show the reason.',
      );
}

export function storageFailureOf(error: unknown): Failure {
  const { code, message, version } = storageErrorOf(error);
  return {
    kind: 'transient',
    source: 'storage',
    code,
    description: message,
    ...(version !== undefined && { version }),
  };
}
