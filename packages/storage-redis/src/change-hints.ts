import type { RedisClient, SubscribingClient } from './redis-client.js';

type Listener = (version: number) => void;

/**
 * What Redis tells of changes, on one connection of its own for all sessions of a process (in a cluster: one for each
 * node that has any). It is made when the first session watches, and lives as long as the application's client.
 *
 * A hint that is lost costs a second, for whoever waits looks by itself as well; so what goes wrong here is no failure.
 */
export class ChangeHints {
  readonly #client: RedisClient;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #channels = new Set<string>();
  #connection: SubscribingClient | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
    client.on('end', this.#disconnect);
  }

  watch(key: string, channel: string, listener: Listener): () => void {
    const ofKey = this.#listeners.get(key) ?? new Set<Listener>();
    const call = (version: number) => listener(version); // Its own function, so that the same listener can watch twice.
    this.#listeners.set(key, ofKey.add(call));
    this.#subscribe(channel);
    return () => {
      if (ofKey.delete(call) && ofKey.size === 0) this.#listeners.delete(key);
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#client.off('end', this.#disconnect);
    this.#disconnect();
  }

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
    const { isCluster } = this.#client;
    const connection = (
      isCluster
        ? this.#client.duplicate([], { shardedSubscribers: true, lazyConnect: false, enableOfflineQueue: true })
        : this.#client.duplicate({
            lazyConnect: false,
            maxRetriesPerRequest: null,
            enableOfflineQueue: true,
            autoResubscribe: true,
          })
    ) as SubscribingClient;
    connection.on('error', () => {}); // Without a listener ioredis prints it. The application's client tells of the same.
    // It gave up by itself, as its options are those of the application: the next session that watches makes another.
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
    const version = Number(message.slice(0, colon));
    if (!Number.isSafeInteger(version)) return;
    const ofKey = this.#listeners.get(message.slice(colon + 1));
    if (ofKey === undefined) return;
    for (const listener of ofKey) listener(version);
  }
}
