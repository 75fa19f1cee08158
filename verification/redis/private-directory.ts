import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The guard's program. Each line of its input is the process that runs in the directory now, or is empty. Its input
 * ends when the directory is disposed of, and also when the process (or worker thread) that created it ends in any way.
 * Then it kills and removes. It removes twice, because the killed process may have been creating a file.
 */
const GUARD = `
trap '' HUP INT TERM
while read -r line; do inhabitant=$line; done
[ -z "$inhabitant" ] || kill -KILL "$inhabitant"
rm -rf -- "$1" || rm -rf -- "$1"
`;

/**
 * A temporary directory in which one process at a time runs. Neither outlives this process, even if it is killed: a
 * guard process in its own session ensures that.
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

  /** Sets the process that runs here now; `undefined`: none. */
  inhabitedBy(pid: number | undefined): void {
    this.#guard.stdin.write(`${pid ?? ''}\n`);
  }

  /** Kills the process that runs here, if any, and removes the directory with its contents. */
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
  // If the guard was killed, the error does not matter.
  guard.stdin.on('error', () => {});
  // The program may end when it has nothing else to do; the guard cleans up after it.
  guard.unref();
  (guard.stdin as Socket).unref();
  return guard;
}
