import { type FSWatcher, watch } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { makePrivateDirectory } from './private-files.js';

/** Hears which sessions' folders in one directory are rung by other processes. */
export interface DirectoryWatch {
  /** Begins to listen, unless it does already. A system that cannot watch any more is no failure: hints may be lost. */
  start(directory: string): Promise<void>;
  stop(): void;
}

/** @param heard - called with the name of the folder; with `null` where the system does not tell which one it was */
export function directoryWatch(heard: (name: string | null) => void): DirectoryWatch {
  let watcher: FSWatcher | undefined;
  let stopped = false;
  function drop(): void {
    watcher?.close();
    watcher = undefined;
  }
  return {
    async start(directory) {
      try {
        await makePrivateDirectory(directory);
        if (stopped || watcher !== undefined) return;
        watcher = watch(directory, { persistent: false }, (_, name) => heard(name)); // Keeps no process alive.
        watcher.on('error', drop);
      } catch {
        // Whoever waits for a change also looks by itself.
      }
    },
    stop() {
      stopped = true;
      drop();
    },
  };
}

/** Has the directory's watchers told of a session's folder: what happens inside of it they do not hear. */
export async function ring(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
}
