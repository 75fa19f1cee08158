import { HintConnection, type SubscriptionFailure } from './hint-connection.js';
import type { RedisClient } from './redis-client.js';

/**
 * Receives change hints from Redis for one storage: for each of its channels, the version of a record after a change.
 *
 * A lost hint costs a second, because callers that wait also poll. So errors here are ignored.
 */
export class ChangeHints {
  readonly #connection: HintConnection;
  readonly #channels = new Map<string, () => void>();
  readonly #onHint: (channel: string, key: string, version: number) => void;

  constructor(client: RedisClient, onHint: (channel: string, key: string, version: number) => void) {
    this.#connection = HintConnection.join(client);
    this.#onHint = onHint;
  }

  get failure(): SubscriptionFailure | undefined {
    return this.#connection.failure;
  }

  listen(channel: string): void {
    if (this.#channels.has(channel)) return;
    this.#channels.set(
      channel,
      this.#connection.listen(channel, (message) => this.#read(channel, message)),
    );
  }

  close(): void {
    for (const stop of this.#channels.values()) stop();
    this.#channels.clear();
    this.#connection.leave();
  }

  /**
   * Parses a hint.
   *
   * @param message - the version after the change, a colon, and the session's key
   */
  #read(channel: string, message: string): void {
    const colon = message.indexOf(':');
    const version = message.slice(0, colon);
    if (!/^\d+$/.test(version) || !Number.isSafeInteger(Number(version))) return;
    this.#onHint(channel, message.slice(colon + 1), Number(version));
  }
}
