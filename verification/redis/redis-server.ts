import type { RedisVersion } from './redis-program.ts';

/** The address of a server. */
export interface RedisAddress {
  /** `127.0.0.1`. */
  readonly host: string;
  readonly port: number;
}

/** A running Redis server: its own process with its own temporary directory. */
export interface RedisServer extends RedisAddress {
  /** For example `redis://127.0.0.1:12345`; without a user or a password. */
  readonly url: string;
  /** Contains its data, its configuration `redis.conf` and its log `redis.log`. */
  readonly directory: string;
  /** The process; absent while the server is down. */
  readonly pid: number | undefined;
  readonly version: RedisVersion;

  /** Starts it again after `kill`, on the same port, and resolves when it responds; does nothing if it is running. */
  start(): Promise<void>;
  /** Shuts it down cleanly, waits `downtime` milliseconds (default: 0), and starts it again. */
  restart(options?: { readonly downtime?: number }): Promise<void>;
  /** Ends the process like a crash (SIGKILL). The directory remains for `start`. */
  kill(): Promise<void>;
  /** Suspends the process (SIGSTOP): connections stay open, new ones are accepted, and no command gets a reply. */
  pause(): void;
  /** Resumes it after `pause`; pending commands get their replies now. */
  resume(): void;
  /** Ends it permanently and removes its directory. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
