import { HintConnection, type HintTrouble } from './hint-connection.js';
import type { RedisClient } from './redis-client.js';

/**
 * What Redis tells one storage of changes: for each of its channels, the version of a record after a change.
 *
 * A hint that is lost costs a second, for whoever waits looks by itself as well; so what goes wrong here is no failure.
 */
export class ChangeHints {
  readonly #connection: HintConnection;
  readonly #channels = new Map<string, () => void>();
  readonly #hear: (channel: string, key: string, version: number) => void;

  constructor(client: RedisClient, hear: (channel: string, key: string, version: number) => void) {
    this.#connection = HintConnection.join(client);
    this.#hear = hear;
  }

  get trouble(): HintTrouble | undefined {
    return this.#connection.trouble;
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

  /** @param message - the version after the change, a colon, and the session's key */
  #read(channel: string, message: string): void {
    const colon = message.indexOf(':');
    const version = message.slice(0, colon);
    if (!/^\d+$/.test(version) || !Number.isSafeInteger(Number(version))) return;
    this.#hear(channel, message.slice(colon + 1), Number(version));
  }
}
