import type { Stats } from 'node:fs';
import { StorageError } from '@frameio-auth/core';

/** For the owner alone. A umask can only take from these, and add nothing. */
export const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;

const OTHERS = 0o077;

/**
 * Refuses what others can read or write, or own and so could open to others at any time. Windows has no such bits: its
 * folders in a user's profile are closed to other users by inheritance.
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
      `Other users can get at ${path}: its mode is ${octal(stats.mode)}. If nobody has, close it with ` +
        `\`chmod ${octal(mode)} ${path}\`; if somebody may have, revoke the tokens and sign in again.`,
    );
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}
