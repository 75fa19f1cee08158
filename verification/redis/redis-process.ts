import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@frameio-auth/conformance';
import { PrivateDirectory } from './private-directory.ts';
import { type RedisVersion, redisServerProgram, versionOf } from './redis-program.ts';
import type { RedisServer } from './redis-server.ts';

/** Directives of `redis.conf` and their values, as written there; an array repeats the directive. */
export type RedisConfig = Readonly<Record<string, string | readonly string[]>>;

export interface RedisProcessOptions {
  /** The port. Default: a free one. */
  readonly port?: number | undefined;
  /** Returns further directives for the port. */
  configure?(port: number): Promise<RedisConfig> | RedisConfig;
  /** Whether to run as a sentinel. Default: false. */
  readonly sentinel?: boolean;
}

const HOST = '127.0.0.1';

/**
 * How long a server may take to become ready before it counts as hanging, in milliseconds; many times what it needs.
 */
const PATIENCE = 240_000;

/** How often to try another port if the free one has been taken. */
const PORTS = 5;

/** One process of a Redis server or a sentinel, in its own temporary directory, only on 127.0.0.1. */
export class RedisProcess implements RedisServer {
  readonly host = HOST;
  readonly port: number;
  readonly version: RedisVersion;
  readonly #program: string;
  readonly #arguments: readonly string[];
  readonly #home: PrivateDirectory;
  #child: ChildProcess | undefined;
  #starting: Promise<void> | undefined;
  #paused = false;
  #stopped = false;

  private constructor(program: string, version: RedisVersion, port: number, home: PrivateDirectory, sentinel: boolean) {
    this.#program = program;
    this.version = version;
    this.port = port;
    this.#home = home;
    this.#arguments = sentinel ? ['redis.conf', '--sentinel'] : ['redis.conf'];
  }

  /**
   * Starts a process and waits until it responds.
   *
   * @throws RedisNotFoundError if the machine has no Redis server
   * @throws Error with the last lines of the server's log if it does not start
   */
  static async launch(options: RedisProcessOptions): Promise<RedisProcess> {
    const program = redisServerProgram();
    const version = await knownVersionOf(program);
    for (let attempt = 1; ; attempt += 1) {
      const port = options.port ?? (await freePort());
      const home = await PrivateDirectory.create('frameio-auth-redis-');
      try {
        const further = (await options.configure?.(port)) ?? {};
        await writeFile(join(home.path, 'redis.conf'), configFile(port, further), { mode: 0o600 });
        const launched = new RedisProcess(program, version, port, home, options.sentinel ?? false);
        await launched.start();
        return launched;
      } catch (error) {
        await home.dispose();
        const taken = error instanceof Error && /address already in use/i.test(error.message);
        if (!taken || options.port !== undefined || attempt === PORTS) throw error;
      }
    }
  }

  /** Starts several processes; in the end either all of them run, or none. */
  static async launchAll(options: readonly RedisProcessOptions[]): Promise<RedisProcess[]> {
    const results = await Promise.allSettled(options.map((one) => RedisProcess.launch(one)));
    const launched = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure === undefined) return launched;
    await Promise.all(launched.map((one) => one.stop()));
    throw failure.reason;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  get directory(): string {
    return this.#home.path;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether it runs and is not paused: a paused one accepts commands, but never responds. */
  get answers(): boolean {
    return this.#child !== undefined && !this.#paused;
  }

  async start(): Promise<void> {
    if (this.#stopped) throw new Error('This Redis server was stopped, and its directory is gone: start another one.');
    this.#starting ??= this.#launch();
    await this.#starting;
  }

  async restart({ downtime = 0 }: { readonly downtime?: number } = {}): Promise<void> {
    await this.#end('SIGTERM');
    await delay(downtime);
    await this.start();
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  pause(): void {
    this.#paused = this.#child?.kill('SIGSTOP') ?? false;
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
    this.#paused = false;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#end('SIGKILL');
    await this.#home.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #launch(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    // In its own session: Ctrl-C in a terminal is for the program that uses the server, not for the server.
    const child = spawn(this.#program, this.#arguments, {
      cwd: this.#home.path,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    this.#home.inhabitedBy(child.pid);
    child.once('exit', () => this.#ended());
    try {
      await once(child, 'spawn');
    } catch (error) {
      this.#ended();
      throw error;
    }
    await this.#ready(child);
    // The program may end when it has nothing else to do, and its servers with it.
    child.unref();
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    const exit = once(child, 'exit');
    child.kill(signal);
    // A paused process handles SIGTERM only after it is resumed.
    child.kill('SIGCONT');
    await exit;
  }

  #ended(): void {
    this.#child = undefined;
    this.#starting = undefined;
    this.#paused = false;
    this.#home.inhabitedBy(undefined);
  }

  get #logFile(): string {
    return join(this.#home.path, 'redis.log');
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (this.#child === child && performance.now() < deadline) {
      if (isReadiness(await ping(join(this.#home.path, 'redis.sock')))) return;
      await delay(5);
    }
    // No log if `stop` has removed it in the meantime.
    const log = await readFile(this.#logFile, 'utf8').catch(() => '');
    await this.#end('SIGKILL');
    throw new Error(
      `The Redis server did not start. The end of its log:\n${log.trimEnd().split('\n').slice(-10).join('\n')}`,
    );
  }
}

const versions = new Map<string, Promise<RedisVersion>>();

/** Resolves to the version of a program, which is queried once. */
function knownVersionOf(program: string): Promise<RedisVersion> {
  let version = versions.get(program);
  if (version === undefined) {
    version = versionOf(program);
    versions.set(program, version);
    // Next time there may be another program.
    version.catch(() => versions.delete(program));
  }
  return version;
}

function configFile(port: number, further: RedisConfig): string {
  // The socket shows whether this very process is ready; the port might belong to another one.
  const basics: RedisConfig = { port: String(port), bind: HOST, unixsocket: 'redis.sock', save: '""' };
  return Object.entries({ ...basics, ...further })
    .flatMap(([name, values]) => [values].flat().map((value) => `${name} ${value}\n`))
    .join('');
}

/** Resolves to the reply to `PING` of the server at a socket file; an empty string if there is none. */
function ping(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => socket.write('PING\r\n'));
    socket.setEncoding('latin1');
    socket.once('data', (answer: string) => {
      resolve(answer);
      socket.destroy();
    });
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}

/** A server that requires a password is ready; one that is still loading its data is not. */
function isReadiness(answer: string): boolean {
  return answer.startsWith('+PONG') || answer.startsWith('-NOAUTH');
}
