import { type FrameioAuthError, StorageError } from '@frameio-auth/core';
import type { Lease, TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import type { Answer, Question } from './process.js';

/** A process with its own storages, which executes its parent's calls. */

const storages = new Map<string, TokenStorage>();
const unwatch = new Map<number, () => void>();
let now = Date.now();

function storageIn(directory: string | undefined, handle: string): TokenStorage {
  const storage =
    storages.get(handle) ?? fileStorage({ ...(directory !== undefined && { directory }), clock: { now: () => now } });
  storages.set(handle, storage);
  return storage;
}

function send(answer: Answer): void {
  process.send?.(answer);
}

async function answer({ id, directory, handle, call }: Question): Promise<unknown> {
  const storage = storageIn(directory, handle);
  switch (call.method) {
    case 'read':
      return storage.read(...call.args);
    case 'lease':
      return storage.lease(...call.args);
    case 'renew':
      return storage.renew(...(call.args as [Lease]));
    case 'release':
      return storage.release(...(call.args as [Lease]));
    case 'commit':
      return storage.commit(...call.args);
    case 'due':
      return storage.due(...call.args);
    case 'watch':
      unwatch.set(
        id,
        storage.watch(call.key, (version) => send({ id, version })),
      );
      return undefined;
    case 'unwatch':
      unwatch.get(call.id)?.();
      return undefined;
    case 'close':
      return storage.close();
    case 'become':
      process.umask(call.umask);
      // A user who may read nothing else cannot load modules later.
      if (process.getuid?.() === 0 && call.uid !== 0) {
        process.setgid?.(call.uid);
        process.setuid?.(call.uid);
      }
      return undefined;
  }
}

process.on('message', (question: Question) => {
  now = question.now;
  answer(question).then(
    (reply) => send({ id: question.id, reply }),
    (error: FrameioAuthError) => {
      const { name, code, message } = error;
      send({ id: question.id, error: { isStorageError: error instanceof StorageError, name, code, message } });
    },
  );
});
