import { isAbsolute } from 'node:path';
import { StorageError } from '@frameio-auth/core';

/** The name of the folder within the platform's directory for application data. */
const NAME = 'frameio-auth';

/**
 * Resolves to the directory for tokens if the application names none: `$XDG_DATA_HOME/frameio-auth` or
 * `~/.local/share/frameio-auth`; `~/Library/Application Support/frameio-auth` on macOS;
 * `%LOCALAPPDATA%\frameio-auth\Data` on Windows.
 *
 * @throws StorageError `no_default_directory`
 */
export async function defaultDirectory(): Promise<string> {
  const directory = await dataDirectory();
  // The XDG Base Directory Specification says to ignore relative paths. No other path is guessed instead.
  if (directory !== undefined && isAbsolute(directory)) return directory;
  throw new StorageError(
    'no_default_directory',
    'The file storage was given no `directory`, and the environment has no place for one: set HOME or XDG_DATA_HOME ' +
      'to an absolute path, or give fileStorage({ directory }).',
  );
}

async function dataDirectory(): Promise<string | undefined> {
  try {
    // Imported lazily, because it fails for a user without a home directory, which a given directory makes unnecessary.
    const { default: envPaths } = await import('env-paths');
    return envPaths(NAME, { suffix: '' }).data;
  } catch {
    return undefined;
  }
}
