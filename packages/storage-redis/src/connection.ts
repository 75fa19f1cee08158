import { StorageError } from '@frameio-auth/core';
import { listenTo } from './client-events.js';
import type { RedisClient } from './redis-client.js';

/**
 * Waits until the application's client is connected, with one listener per event for all callers. ioredis would queue
 * their commands and run them after a reconnect, long after the callers have given up.
 */
export class Connection {
  readonly #client: RedisClient;
  #waiting: Promise<void> | undefined;
  #stopWaiting: (error: StorageError) => void = () => {};
  #failure: unknown;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  get isReady(): boolean {
    return this.#client.status === 'ready';
  }

  /** Returns the last connection error of the client; `undefined` if there was none. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Resolves when the client is connected.
   *
   * @throws StorageError `connection_closed`, `storage_closed`
   */
  async ready(): Promise<void> {
    const { status } = this.#client;
    if (status === 'ready') return;
    if (status === 'end') throw closedClient();
    this.#waiting ??= this.#wait();
    // A lazy client connects at its first command, which would have been one of this storage.
    if (status === 'wait') this.#client.connect().catch(() => {});
    await this.#waiting;
  }

  /** Rejects all waiting callers, and removes all listeners from the client. */
  close(): void {
    this.#stopWaiting(
      new StorageError(
        'storage_closed',
        'The Redis storage was closed before Redis was reached. Close it after the last session.',
      ),
    );
  }

  #wait(): Promise<void> {
    const client = this.#client;
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        for (const stop of stops) stop();
        this.#waiting = undefined;
        this.#failure = undefined;
        end();
      };
      const stops = [
        listenTo(client, 'ready', () => settle(resolve)),
        listenTo(client, 'end', () => settle(() => reject(closedClient()))),
        // Callers that time out report this error.
        listenTo(client, 'error', (error) => {
          this.#failure = error;
        }),
      ];
      this.#stopWaiting = (error) => settle(() => reject(error));
    });
  }
}

function closedClient(): StorageError {
  return new StorageError(
    'connection_closed',
    'The Redis client is closed: it was told to quit, or has given up. Nothing that Redis holds is lost. Close it after the storage, and let its `retryStrategy` go on; restart the process.',
  );
}
