import { setTimeout as delay } from 'node:timers/promises';
import { type RedisConfig, RedisProcess } from './redis-process.js';
import type { RedisVersion } from './redis-program.js';

export interface RedisOptions {
  /**
   * What the server still has after a restart: nothing, or everything that it had acknowledged (an append-only file
   * that is written to the disk at each command). Default: `none`.
   */
  readonly persistence?: 'none' | 'always';
  /** The port on 127.0.0.1. Default: one that is free. */
  readonly port?: number;
  /** Further directives of `redis.conf`, such as `{ requirepass: 'fictional' }`. */
  readonly config?: RedisConfig;
}

/** A running Redis server: a process of its own, with a temporary directory of its own. */
export interface RedisServer {
  /** `127.0.0.1`. */
  readonly host: string;
  readonly port: number;
  /** Such as `redis://127.0.0.1:12345`; without a user or a password. */
  readonly url: string;
  /** Where it keeps its data, its configuration `redis.conf` and its log `redis.log`. */
  readonly directory: string;
  /** The process; absent while the server is down. */
  readonly pid: number | undefined;
  readonly version: RedisVersion;

  /** Starts it again after `kill`, on its port, and resolves when it answers; does nothing while it runs. */
  start(): Promise<void>;
  /** Shuts it down in an orderly way, stays down for `downtime` milliseconds (default: 0), and starts it again. */
  restart(options?: { readonly downtime?: number }): Promise<void>;
  /** Ends the process as a crash does (SIGKILL). The directory stays, for `start`. */
  kill(): Promise<void>;
  /** Freezes the process (SIGSTOP): connections stay open and are made, and nothing is answered. */
  pause(): void;
  /** Lets it go on after `pause`; what had arrived is answered now. */
  resume(): void;
  /** Ends it for good and removes its directory. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a real Redis server on loopback, from the program that `redisServerProgram` finds. It ends with `stop()`, and
 * at the latest with this process, however that one ends.
 *
 * @throws ConfigurationError `redis_not_found` when the machine has no Redis server
 * @throws Error with the last lines of its log when the server does not start
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { persistence = 'none', port, config } = options;
  const durable: RedisConfig = persistence === 'always' ? { appendonly: 'yes', appendfsync: 'always' } : {};
  return new LocalRedis(await RedisProcess.launch({ port, configure: () => ({ ...durable, ...config }) }));
}

class LocalRedis implements RedisServer {
  readonly #process: RedisProcess;

  constructor(launched: RedisProcess) {
    this.#process = launched;
  }

  get host(): string {
    return this.#process.host;
  }

  get port(): number {
    return this.#process.port;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  get directory(): string {
    return this.#process.directory;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get version(): RedisVersion {
    return this.#process.version;
  }

  start(): Promise<void> {
    return this.#process.start();
  }

  async restart({ downtime = 0 }: { readonly downtime?: number } = {}): Promise<void> {
    await this.#process.end('SIGTERM');
    await delay(downtime);
    await this.#process.start();
  }

  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  pause(): void {
    this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  stop(): Promise<void> {
    return this.#process.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
