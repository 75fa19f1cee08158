import { StorageError } from '@frameio-auth/core';

/** Resolves to the result of a call, or to `undefined` if it rejects with a StorageError; other errors pass on. */
export async function keptOrRefused<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}
