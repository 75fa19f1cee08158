import { StorageError } from '@frameio-auth/core';

/** What the system's words mean for whoever has to mend it. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this process is not allowed to',
  EDQUOT: 'the quota of this user is used up',
  EFBIG: 'the file would be larger than this process may write',
  EIO: 'the disk reports an error',
  ELOOP: 'it is a symbolic link, or one of too many',
  EMFILE: 'this process has too many files open',
  ENOENT: 'it is not there, and cannot be made',
  ENFILE: 'the system has too many files open',
  ENOSPC: 'no space is left on the disk',
  ENOTDIR: 'a part of the path is no directory',
  EPERM: 'this process is not allowed to',
  EROFS: 'the file system is read-only',
};

/** Whether an error is the system's, and one of these. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(String(codeOf(error)));
}

/**
 * The `StorageError` for whatever went wrong. One of the system's keeps its code, such as `ENOSPC`, and is told with
 * its path; the texts of others are not shown, because nobody knows what they quote.
 */
export function storageErrorOf(error: unknown, directory: string): StorageError {
  if (error instanceof StorageError) return error;
  const code = codeOf(error);
  if (code === undefined) {
    return new StorageError('storage_failed', `The file storage in ${directory} failed for a reason not shown here.`);
  }
  const { path = directory, syscall = 'use' } = error as NodeJS.ErrnoException;
  const reason = REASONS[code] === undefined ? code : `${REASONS[code]} (${code})`;
  return new StorageError(
    code,
    `The file storage failed to ${syscall} ${path}: ${reason}. Nothing that it holds is lost.`,
  );
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return String(error.code);
}
