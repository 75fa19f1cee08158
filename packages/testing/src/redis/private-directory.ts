import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The program of the guard. Each line that it reads is the process that runs in the directory now, or is empty. Its
 * input ends when the directory is disposed of, and also when the process (or the worker thread) that made it ends in
 * whatever way: then it kills and removes. Removed twice, since the killed process may have been creating a file.
 */
const GUARD = `
trap '' HUP INT TERM
while read -r line; do inhabitant=$line; done
[ -z "$inhabitant" ] || kill -KILL "$inhabitant"
rm -rf -- "$1" || rm -rf -- "$1"
`;

/**
 * A temporary directory in which one process at a time runs. Neither of them outlives this process, even when it is
 * killed: a guard of its own, in another session than any terminal's, sees to that.
 */
export class PrivateDirectory {
  readonly path: string;
  readonly #guard: ReturnType<typeof spawnGuard>;
  readonly #guardEnded: Promise<void>;

  private constructor(path: string) {
    this.path = path;
    this.#guard = spawnGuard(path);
    this.#guardEnded = new Promise((resolve) => this.#guard.once('exit', () => resolve()));
  }

  static async create(prefix: string): Promise<PrivateDirectory> {
    const directory = new PrivateDirectory(await mkdtemp(join(tmpdir(), prefix)));
    await once(directory.#guard, 'spawn');
    return directory;
  }

  /** Says which process runs here now; `undefined`: none does. */
  inhabitedBy(pid: number | undefined): void {
    this.#guard.stdin.write(`${pid ?? ''}\n`);
  }

  /** Kills the process that runs here, if one does, and removes the directory with all that is in it. */
  async dispose(): Promise<void> {
    this.#guard.ref();
    this.#guard.stdin.end();
    await this.#guardEnded;
  }
}

function spawnGuard(path: string) {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', path], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Somebody may have killed it; then there is nobody to tell.
  guard.stdin.on('error', () => {});
  // A program that has nothing else to do may end: the guard clears up after it.
  guard.unref();
  (guard.stdin as Socket).unref();
  return guard;
}
