import type { RedisVersion } from './redis-program.js';

/** Where something listens. */
export interface RedisAddress {
  /** `127.0.0.1`. */
  readonly host: string;
  readonly port: number;
}

/** A running Redis server: a process of its own, with a temporary directory of its own. */
export interface RedisServer extends RedisAddress {
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
