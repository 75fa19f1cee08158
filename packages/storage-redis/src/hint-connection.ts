import { listenTo } from './client-events.js';
import type { RedisClient, SubscribingClient } from './redis-client.js';
import { storageErrorOf } from './redis-failure.js';

type OnHint = (message: string) => void;

/** Why there are no hints: Redis, or a proxy in front of it, rejects the subscription or closes the connection. */
export type SubscriptionFailure = { readonly what: 'rejected'; readonly code: string } | { readonly what: 'closed' };

/**
 * The delay before the next attempt to subscribe, in milliseconds: `BACKOFF` for each failure, up to `LONGEST_BACKOFF`.
 */
const BACKOFF = 100;
const LONGEST_BACKOFF = 5_000;

/**
 * After this many consecutive failures, there are no hints. From then on, one attempt is made every `LONG_PAUSE`
 * milliseconds.
 */
const MAX_FAILURES = 5;
const LONG_PAUSE = 60_000;

/**
 * How often to refresh the slots, in milliseconds. Otherwise ioredis 5 does not notice that a slot moved away with its
 * channels.
 */
const SLOTS_REFRESH = 30_000;

const connections = new WeakMap<RedisClient, HintConnection>();

/**
 * The connection on which the storages of one client receive change hints (in a cluster: one per node with channels).
 * It is opened at the first subscription. While the application's client is disconnected, no attempt is made, so this
 * cannot outlive that client. It reconnects with the client, and closes with the last storage.
 *
 * ioredis counts attempts to connect. But a proxy without pub/sub closes the connection only at the first subscription.
 * So what counts here is whether a subscription succeeded.
 */
export class HintConnection {
  readonly #client: RedisClient;
  readonly #channels = new Map<string, Set<OnHint>>();
  readonly #subscribed = new Set<string>();
  readonly #stops: readonly (() => void)[];
  #storages = 0;
  #connection: SubscribingClient | undefined;
  /** Whether a subscription succeeded on the current connection. */
  #works = false;
  #failures = 0;
  #failure: SubscriptionFailure | undefined;
  #retrying: NodeJS.Timeout | undefined;

  private constructor(client: RedisClient) {
    this.#client = client;
    this.#stops = [listenTo(client, 'ready', () => this.#begin()), listenTo(client, 'end', () => this.#disconnect())];
  }

  /** Returns the connection of this client, for one more storage. */
  static join(client: RedisClient): HintConnection {
    const connection = connections.get(client) ?? new HintConnection(client);
    connections.set(client, connection);
    connection.#storages += 1;
    return connection;
  }

  /** Releases the connection for one storage; the last one closes it. */
  leave(): void {
    this.#storages -= 1;
    if (this.#storages > 0) return;
    connections.delete(this.#client);
    for (const stop of this.#stops) stop();
    this.#disconnect();
  }

  get failure(): SubscriptionFailure | undefined {
    return this.#works ? undefined : this.#failure;
  }

  /**
   * A channel stays subscribed without listeners: there are few channels, and the next session may need the same one.
   */
  listen(channel: string, onHint: OnHint): () => void {
    const name = this.#nameOf(channel);
    const listeners = this.#channels.get(name) ?? new Set<OnHint>();
    this.#channels.set(name, listeners.add(onHint));
    this.#subscribe(name);
    return () => {
      if (listeners.delete(onHint) && listeners.size === 0) this.#channels.delete(name);
    };
  }

  #nameOf(channel: string): string {
    return `${this.#client.options.keyPrefix ?? ''}${channel}`;
  }

  /** The application's client has reconnected, so the cause of earlier failures may be gone. */
  #begin(): void {
    this.#failures = 0;
    this.#retry();
  }

  #retry(): void {
    clearTimeout(this.#retrying);
    this.#retrying = undefined;
    for (const name of this.#channels.keys()) this.#subscribe(name);
  }

  #subscribe(name: string): void {
    if (this.#client.status === 'end' || (this.#retrying !== undefined && !this.#works)) return;
    this.#connection ??= this.#connect();
    const connection = this.#connection;
    if (this.#subscribed.has(name)) return;
    this.#subscribed.add(name);
    const { isCluster, options } = this.#client;
    const subscribed = isCluster
      ? // ioredis adds its own prefix to sharded channels, as to keys, but not to other channels.
        connection.ssubscribe(name.slice(options.keyPrefix?.length ?? 0))
      : connection.subscribe(name);
    subscribed.then(
      () => {
        if (this.#connection !== connection) return;
        this.#works = true;
        this.#failures = 0;
      },
      (error: unknown) => {
        if (this.#connection !== connection) return;
        this.#subscribed.delete(name);
        if (error instanceof Error && error.name === 'ReplyError') {
          this.#fail({ what: 'rejected', code: storageErrorOf(error).code });
        }
      },
    );
  }

  /** Schedules the next attempt, with a delay that grows with each failure. */
  #fail(failure: SubscriptionFailure): void {
    if (this.#retrying !== undefined) return;
    this.#failure = failure;
    this.#failures += 1;
    if (this.#failures >= MAX_FAILURES && !this.#works) this.#disconnect();
    this.#retryIn(this.#failures >= MAX_FAILURES ? LONG_PAUSE : this.#failures * BACKOFF);
  }

  #retryIn(pause: number): void {
    this.#retrying = setTimeout(() => this.#retry(), pause).unref();
  }

  /** The connection was lost. The next one is opened here, not by ioredis, which would forget how often it failed. */
  #lost(): void {
    const worked = this.#works;
    this.#disconnect();
    // If the application's client is connected and this one is not, the server may not allow the subscription.
    if (this.#client.status !== 'ready') return;
    if (worked) this.#retryIn(BACKOFF);
    else this.#fail({ what: 'closed' });
  }

  #connect(): SubscribingClient {
    const { isCluster, options } = this.#client;
    const clusterRetryStrategy = (times: number) =>
      this.#client.status === 'ready' ? Math.min(times * BACKOFF, LONGEST_BACKOFF) : null;
    const connection = (
      isCluster
        ? this.#client.duplicate([], {
            shardedSubscribers: true,
            lazyConnect: false,
            enableOfflineQueue: true,
            clusterRetryStrategy,
            slotsRefreshInterval: options.slotsRefreshInterval ?? SLOTS_REFRESH,
          })
        : this.#client.duplicate({
            lazyConnect: false,
            maxRetriesPerRequest: null,
            enableOfflineQueue: true,
            retryStrategy: () => null,
            sentinelRetryStrategy: () => null,
          })
    ) as SubscribingClient;
    connection.on('error', () => {}); // Without a listener, ioredis prints the error. The application's client reports the same one.
    for (const event of isCluster ? ['end'] : ['close', 'end']) {
      connection.on(event, () => {
        if (this.#connection === connection) this.#lost();
      });
    }
    connection.on(isCluster ? 'smessage' : 'message', (channel: string, message: string) => {
      for (const onHint of this.#channels.get(channel) ?? []) onHint(message);
    });
    return connection;
  }

  #disconnect(): void {
    clearTimeout(this.#retrying);
    this.#retrying = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#works = false;
    this.#subscribed.clear();
    connection?.disconnect();
  }
}
