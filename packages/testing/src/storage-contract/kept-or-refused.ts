import { StorageError } from '@frameio-auth/core';

/** What a call resolves to, or `undefined` when it rejects with a StorageError; any other error passes on. */
export async function keptOrRefused<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}
