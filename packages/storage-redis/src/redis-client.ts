import { ConfigurationError } from '@frameio-auth/core';

// biome-ignore lint/suspicious/noExplicitAny: what the types of ioredis say themselves here
type Anything = any;

type Listener = (...args: Anything[]) => void;

/**
 * The part of the application's client that this storage needs: a `Redis` or a `Cluster` of ioredis 5 or 6, connected
 * or about to be. A structural type, so that it fits the version that the application has.
 */
export interface RedisClient {
  readonly status: string;
  readonly isCluster: boolean;
  readonly options: {
    readonly keyPrefix?: string | undefined;
    readonly enableAutoPipelining?: boolean | undefined;
    /** Only on a cluster. */
    readonly slotsRefreshInterval?: number | undefined;
  };
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  pipeline(): Pipeline;
  call(command: string, ...args: string[]): Promise<unknown>;
  connect(): Promise<unknown>;
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  duplicate(...overrides: Anything[]): unknown;
  /** Only on a cluster. */
  nodes?(role: 'master'): readonly Pick<RedisClient, 'call'>[];
}

/** Commands that are sent together. */
export interface Pipeline {
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Pipeline;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Pipeline;
  exec(): Promise<(readonly [error: Error | null, reply: unknown])[] | null>;
}

/** The part of a connection that receives change hints. */
export interface SubscribingClient {
  subscribe(channel: string): Promise<unknown>;
  ssubscribe(channel: string): Promise<unknown>;
  on(event: string, listener: Listener): unknown;
  disconnect(): void;
}

/**
 * @throws ConfigurationError `invalid_option`
 */
export function assertClient(client: unknown): asserts client is RedisClient {
  const needed = ['evalsha', 'eval', 'pipeline', 'call', 'connect', 'duplicate', 'on', 'off'];
  const given = client as Record<string, unknown> | null | undefined;
  if (typeof given === 'object' && given !== null && needed.every((name) => typeof given[name] === 'function')) return;
  throw new ConfigurationError(
    'invalid_option',
    'redisStorage() needs a client of ioredis 5 or 6: redisStorage({ client: new Redis(url) }), or a Cluster.',
  );
}
