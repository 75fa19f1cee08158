import { isAbsolute } from 'node:path';
import { StorageError } from '@frameio-auth/core';

/** So the folder is called in the place where the platform keeps the data of applications. */
const NAME = 'frameio-auth';

/**
 * Where tokens are kept when the application names no directory: `$XDG_DATA_HOME/frameio-auth` or
 * `~/.local/share/frameio-auth`; `~/Library/Application Support/frameio-auth` on macOS;
 * `%LOCALAPPDATA%\frameio-auth\Data` on Windows.
 *
 * @throws StorageError `no_default_directory`
 */
export async function defaultDirectory(): Promise<string> {
  const directory = await dataDirectory();
  // The XDG Base Directory Specification has relative paths ignored; here nothing is guessed in their place.
  if (directory !== undefined && isAbsolute(directory)) return directory;
  throw new StorageError(
    'no_default_directory',
    'The file storage was given no `directory`, and the environment has no place for one: set HOME or XDG_DATA_HOME ' +
      'to an absolute path, or give fileStorage({ directory }).',
  );
}

async function dataDirectory(): Promise<string | undefined> {
  try {
    // Loaded only here, because it fails where a user has no home, and who names a directory needs none.
    const { default: envPaths } = await import('env-paths');
    return envPaths(NAME, { suffix: '' }).data;
  } catch {
    return undefined;
  }
}
