import type { RedisClient, SubscribingClient } from './redis-client.js';

type Listener = (version: number) => void;

interface Watched {
  readonly channel: string;
  readonly listeners: Set<Listener>;
}

/** How long to wait before the next attempt to connect, in milliseconds: so much for each one so far, and at most. */
const BACKOFF = 100;
const LONGEST_BACKOFF = 5_000;

/** ioredis 5 does not notice that a slot moved away with its channels, unless it looks. In milliseconds. */
const SLOTS_REFRESH = 30_000;

/**
 * What Redis tells of changes, on one connection of its own for all sessions of a process (in a cluster: one for each
 * node that has any). It is made when the first session watches. While the application's client is not connected it is
 * not tried again, so it cannot outlive that client; it comes back with it.
 *
 * A hint that is lost costs a second, for whoever waits looks by itself as well; so what goes wrong here is no failure.
 */
export class ChangeHints {
  readonly #client: RedisClient;
  readonly #watched = new Map<string, Watched>();
  readonly #channels = new Set<string>();
  #connection: SubscribingClient | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
    client.on('ready', this.#subscribeAll);
    client.on('end', this.#disconnect);
  }

  watch(key: string, channel: string, listener: Listener): () => void {
    const watched = this.#watched.get(key) ?? { channel, listeners: new Set<Listener>() };
    const call = (version: number) => listener(version); // Its own function, so that the same listener can watch twice.
    watched.listeners.add(call);
    this.#watched.set(key, watched);
    this.#subscribe(channel);
    return () => {
      if (watched.listeners.delete(call) && watched.listeners.size === 0) this.#watched.delete(key);
    };
  }

  close(): void {
    this.#watched.clear();
    this.#client.off('ready', this.#subscribeAll);
    this.#client.off('end', this.#disconnect);
    this.#disconnect();
  }

  readonly #subscribeAll = (): void => {
    for (const { channel } of this.#watched.values()) this.#subscribe(channel);
  };

  /** Channels are shared and stay subscribed: there are few, and the next session may need the same one. */
  #subscribe(channel: string): void {
    if (this.#client.status === 'end') return;
    this.#connection ??= this.#connect();
    if (this.#channels.has(channel)) return;
    this.#channels.add(channel);
    const { isCluster, options } = this.#client;
    const subscribed = isCluster
      ? this.#connection.ssubscribe(channel)
      : // ioredis puts its own prefix before keys, and before sharded channels, but not before these.
        this.#connection.subscribe(`${options.keyPrefix ?? ''}${channel}`);
    subscribed.catch(() => this.#channels.delete(channel)); // The next session that watches tries again.
  }

  #connect(): SubscribingClient {
    const { isCluster, options } = this.#client;
    const retryStrategy = (times: number) =>
      this.#client.status === 'ready' ? Math.min(times * BACKOFF, LONGEST_BACKOFF) : null;
    const connection = (
      isCluster
        ? this.#client.duplicate([], {
            shardedSubscribers: true,
            lazyConnect: false,
            enableOfflineQueue: true,
            clusterRetryStrategy: retryStrategy,
            slotsRefreshInterval: options.slotsRefreshInterval ?? SLOTS_REFRESH,
          })
        : this.#client.duplicate({
            lazyConnect: false,
            maxRetriesPerRequest: null,
            enableOfflineQueue: true,
            autoResubscribe: true,
            retryStrategy,
            sentinelRetryStrategy: retryStrategy,
          })
    ) as SubscribingClient;
    connection.on('error', () => {}); // Without a listener ioredis prints it. The application's client tells of the same.
    connection.on('end', () => {
      if (this.#connection === connection) this.#disconnect();
    });
    connection.on(isCluster ? 'smessage' : 'message', (_channel: string, message: string) => this.#hear(message));
    return connection;
  }

  readonly #disconnect = (): void => {
    this.#connection?.disconnect();
    this.#connection = undefined;
    this.#channels.clear();
  };

  /** @param message - the version after the change, a colon, and the session's key */
  #hear(message: string): void {
    const colon = message.indexOf(':');
    const version = message.slice(0, colon);
    if (!/^\d+$/.test(version) || !Number.isSafeInteger(Number(version))) return;
    const key = message.slice(colon + 1);
    for (const listener of this.#watched.get(key)?.listeners ?? []) listener(Number(version));
  }
}
