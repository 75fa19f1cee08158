import { type KnownErrorCode, StorageError } from '@frameio-auth/core';
import { foreignCode } from '@frameio-auth/core/adapter';

/** What the codes of the system and of Node mean, and what to do where that does not follow. */
const REASONS: Readonly<Record<string, string>> = {
  ERR_ACCESS_DENIED:
    "Node's permission model denies it; start Node with `--allow-fs-read` and `--allow-fs-write` for the directory and " +
    'all that is in it',
  EXDEV:
    'it cannot be renamed there, because it comes from a layer of a container image or lies on another file system; ' +
    'give fileStorage() a `directory` on a volume',
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
} satisfies Partial<Record<KnownErrorCode, string>>;

/** The code of Node's permission model. */
export const DENIED = 'ERR_ACCESS_DENIED';

/** Whether an error is the system's or of Node's permission model, and one of these. */
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
    return new StorageError(
      'storage_failed',
      `The file storage in ${directory} failed for a reason not shown here. Look at the disk and at who else uses the directory.`,
    );
  }
  const { path = directory, syscall = 'use' } = placeOf(error);
  const reason = REASONS[code] === undefined ? code : `${REASONS[code]} (${code})`;
  return new StorageError(
    foreignCode(code),
    `The file storage failed to ${syscall} ${path}: ${reason}. Nothing that it holds is lost. It is tried again once the cause is gone.`,
  );
}

/** Where an error is from. Node's permission model calls the path a resource, and names no call of the system. */
function placeOf(error: unknown): { path?: string | undefined; syscall?: string | undefined } {
  const { path, syscall, resource } = error as NodeJS.ErrnoException & { resource?: string };
  return { path: path ?? (resource === '' ? undefined : resource), syscall };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return 'syscall' in error || error.code === DENIED ? String(error.code) : undefined;
}
