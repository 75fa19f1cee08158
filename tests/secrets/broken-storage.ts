import { StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';

export type Operation = 'read' | 'lease' | 'renew' | 'release' | 'commit' | 'due' | 'watch';

export const operations: readonly Operation[] = ['read', 'lease', 'renew', 'release', 'commit', 'watch'];

/** Errors of drivers and storages: each quotes everything that the storage was ever given. */
export const quotingErrors: Readonly<Record<string, (kept: string) => unknown>> = {
  'an error': (kept) => Object.assign(new Error(`cannot write ${kept}`), { command: ['EVAL', kept] }),
  'a StorageError with a cause': (kept) =>
    Object.assign(new StorageError('storage_failed', 'The storage failed.'), { cause: new Error(kept) }),
  'what is no error': (kept) => `cannot write ${kept}`,
};

/** A storage of which one operation can be broken. */
export interface BrokenStorage extends TokenStorage {
  /** @param at - whether it throws at once, or rejects */
  break(operation: Operation, error: (kept: string) => unknown, at: 'throws' | 'rejects'): void;
  fix(): void;
}

export function brokenStorage(storage: TokenStorage): BrokenStorage {
  const kept: string[] = [];
  let broken:
    | { readonly operation: Operation; readonly error: () => unknown; readonly at: 'throws' | 'rejects' }
    | undefined;
  const orFail = <Reply>(operation: Operation, reply: () => Promise<Reply>): Promise<Reply> => {
    if (broken?.operation !== operation) return reply();
    if (broken.at === 'rejects') return Promise.reject(broken.error());
    throw broken.error();
  };

  return {
    break(operation, error, at) {
      broken = { operation, error: () => error(kept.join(' ')), at };
    },
    fix() {
      broken = undefined;
    },
    read: (key) => orFail('read', () => storage.read(key)),
    lease: (key, request) => orFail('lease', () => storage.lease(key, request)),
    renew: (lease) => orFail('renew', () => storage.renew(lease)),
    release: (lease) => orFail('release', () => storage.release(lease)),
    commit(key, request) {
      kept.push(request.value);
      return orFail('commit', () => storage.commit(key, request));
    },
    due: (request) => orFail('due', () => storage.due(request)),
    watch(key, listener) {
      // It returns no promise, so that all it can do is throw.
      if (broken?.operation === 'watch') throw broken.error();
      return storage.watch(key, listener);
    },
    close: () => storage.close(),
  };
}
