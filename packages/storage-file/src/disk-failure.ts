import { type KnownErrorCode, StorageError } from '@frameio-auth/core';
import { foreignCode } from '@frameio-auth/core/adapter';

/** Explains the codes of the system and of Node, and what to do if that is not obvious. */
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

/** The error code of Node's permission model. */
export const DENIED = 'ERR_ACCESS_DENIED';

/** Whether an error comes from the system or Node's permission model, and has one of these codes. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(String(codeOf(error)));
}

/**
 * Converts any error into a `StorageError`. A system error keeps its code, such as `ENOSPC`, and is reported with its
 * path. Messages of other errors are not included, because they may quote anything.
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

/** Returns where an error occurred. Node's permission model calls the path a resource, and names no system call. */
function placeOf(error: unknown): { path?: string | undefined; syscall?: string | undefined } {
  const { path, syscall, resource } = error as NodeJS.ErrnoException & { resource?: string };
  return { path: path ?? (resource === '' ? undefined : resource), syscall };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return 'syscall' in error || error.code === DENIED ? String(error.code) : undefined;
}
