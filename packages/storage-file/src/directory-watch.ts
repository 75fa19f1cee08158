import { type FSWatcher, watch } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { makePrivateDirectory } from './private-files.js';

/** Watches one directory for changes that other processes make to the folders of sessions. */
export interface DirectoryWatch {
  /**
   * Starts watching, if it has not yet. If the system cannot watch more files, this does not fail, because hints may be
   * lost.
   */
  start(directory: string): Promise<void>;
  stop(): void;
}

/**
 * @param onChange - called with the name of the folder, or with `null` if the system does not report which one it was
 */
export function directoryWatch(onChange: (name: string | null) => void): DirectoryWatch {
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
        watcher = watch(directory, { persistent: false }, (_, name) => onChange(name)); // Does not keep the process alive.
        watcher.on('error', drop);
      } catch {
        // Callers that wait for a change also poll.
      }
    },
    stop() {
      stopped = true;
      drop();
    },
  };
}

/** Notifies the directory's watchers about a session's folder. They do not see changes inside it. */
export async function touchFolder(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
}
