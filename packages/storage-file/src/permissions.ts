import { constants, type Stats } from 'node:fs';
import { StorageError } from '@frameio-auth/core';

/** The modes for files and folders that only the owner can access. */
export const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;

const OTHERS = 0o077;
const ROOT = 0;

/**
 * Rejects a file or folder that other users can read or write, or that another user owns and could open at any time.
 * Windows has no mode bits; there, folders in a user's profile are closed to other users by inheritance.
 *
 * @throws StorageError `permissions_too_open`, `foreign_owner`
 */
export function assertPrivate(path: string, stats: Pick<Stats, 'mode' | 'uid'>, mode: number): void {
  const user = process.geteuid?.();
  if (user === undefined) return;
  if (stats.uid !== user) {
    throw new StorageError(
      'foreign_owner',
      `${path} belongs to the user with the id ${stats.uid}, and this process runs as ${user}: tokens are kept only ` +
        'where the user who runs the process owns everything. Run it as that user, or give it a `directory` of its own.',
    );
  }
  if ((stats.mode & OTHERS) !== 0) {
    throw new StorageError(
      'permissions_too_open',
      `Other users can get at ${path}: its mode is ${octal(stats.mode)}. Close it with ` +
        `\`chmod ${octal(mode)} ${path}\`. If another user may have read it, revoke the tokens and sign in again.`,
    );
  }
}

/**
 * Rejects a folder above the directory in which another user could replace the directory. The rule is that of OpenSSH's
 * `StrictModes`, with three exceptions:
 *
 * - In a sticky folder, such as `/tmp`, users can replace only what they own.
 * - Groups are not checked. Users with a group of their own create group-writable folders, and Kubernetes gives
 *   volumes to a group.
 * - Root may use the folders of others, as it does in containers that mount a user's folder.
 *
 * @throws StorageError `parent_too_open`
 */
export function assertTrustedParent(path: string, stats: Pick<Stats, 'mode' | 'uid'>, directory: string): void {
  const user = process.geteuid?.();
  if (user === undefined) return;
  const sticky = (stats.mode & 0o1000) !== 0;
  if ((stats.mode & constants.S_IWOTH) !== 0 && !sticky) {
    throw new StorageError(
      'parent_too_open',
      `Every user can replace what is in ${path}, and so ${directory}: its mode is ${octal(stats.mode)}. Close it with ` +
        `\`chmod o-w ${path}\`, or give fileStorage() a \`directory\` elsewhere.`,
    );
  }
  if (user !== ROOT && stats.uid !== ROOT && stats.uid !== user) {
    throw new StorageError(
      'parent_too_open',
      `The user with the id ${stats.uid} owns ${path} and can replace what is in it, and so ${directory}. This process ` +
        `runs as ${user}. Give fileStorage() a \`directory\` below folders of that user or of root.`,
    );
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}
