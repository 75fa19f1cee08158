import { StorageError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';

/** A storage's reply, with whatever it throws or rejects with made a `StorageError` that is safe to show. */
export async function fromStorage<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
  try {
    return await ask();
  } catch (error) {
    throw storageErrorOf(error);
  }
}

/**
 * A storage's own words and versions are free of secrets; those of the driver under it may quote what was to be
 * written, and so may what a storage has attached to its error, such as a cause.
 */
function storageErrorOf(error: unknown): StorageError {
  return error instanceof StorageError
    ? new StorageError(error.code, error.message, { version: error.version })
    : new StorageError(
        'storage_failed',
        'The storage failed, and not with a StorageError, so its reason is not shown here.',
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
