import { StorageError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';

/** A storage's promise, with whatever it rejects with made a `StorageError` that is safe to show. */
export async function fromStorage<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    throw storageErrorOf(error);
  }
}

/** A storage's own errors are free of secrets; those of the driver under it may quote what was to be written. */
function storageErrorOf(error: unknown): StorageError {
  return error instanceof StorageError
    ? error
    : new StorageError(
        'storage_failed',
        'The storage failed, and not with a StorageError, so its reason is not shown here.',
      );
}

export function storageFailureOf(error: unknown): Failure {
  const { code, message } = storageErrorOf(error);
  return { kind: 'transient', source: 'storage', code, description: message };
}
