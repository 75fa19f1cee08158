import { StorageError } from '@frameio-auth/core';
import type { RedisClient } from './redis-client.js';
import { isScriptMissing, storageErrorOf, timeoutError } from './redis-failure.js';
import type { Script } from './scripts.js';

/** What a script replies: what came of it, the time, the record's version and value, and what there is to add. */
export type ScriptReply = readonly [
  outcome: string,
  now: string,
  version: string,
  value: string | null,
  ...more: string[],
];

/** Runs scripts on the application's client, each within a time, and fails with a `StorageError` or not at all. */
export class ScriptRunner {
  readonly #client: RedisClient;
  readonly #timeout: number;
  #connecting: Promise<void> | undefined;

  /** @param timeout - in milliseconds, for one script with all that it takes */
  constructor(client: RedisClient, timeout: number) {
    this.#client = client;
    this.#timeout = timeout;
  }

  /**
   * @param onLate - is told what a script came to whose time was over; nobody else is
   * @throws StorageError
   */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    onLate: (reply: ScriptReply) => void = () => {},
  ): Promise<ScriptReply> {
    let over = false;
    let timer: NodeJS.Timeout | undefined;
    const running = this.#send(script, keys, args, () => over);
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        over = true;
        reject(timeoutError(this.#timeout));
        running.then(onLate, () => {});
      }, this.#timeout);
    });
    try {
      return await Promise.race([running, deadline]);
    } catch (error) {
      throw storageErrorOf(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #send(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    isOver: () => boolean,
  ): Promise<ScriptReply> {
    // ioredis would queue the script and run it whenever the connection is back, when nobody wants it any more.
    if (isUnconnected(this.#client)) {
      await this.#connected();
      if (isOver()) throw timeoutError(this.#timeout);
    }
    const all = [...keys, ...args];
    try {
      return (await this.#client.evalsha(script.sha1, keys.length, ...all)) as ScriptReply;
    } catch (error) {
      if (!isScriptMissing(error) || isOver()) throw error;
      return (await this.#client.eval(script.text, keys.length, ...all)) as ScriptReply;
    }
  }

  /** Resolves when the client is ready: one listener for all who wait. */
  #connected(): Promise<void> {
    const client = this.#client;
    if (client.status === 'end') throw closedClient();
    this.#connecting ??= new Promise<void>((resolve, reject) => {
      const settle = (end: () => void) => () => {
        this.#connecting = undefined;
        client.off('ready', ready);
        client.off('end', ended);
        end();
      };
      const ready = settle(resolve);
      const ended = settle(() => reject(closedClient()));
      client.on('ready', ready);
      client.on('end', ended);
    });
    return this.#connecting;
  }
}

/** Whether a command would have to wait. One on a lazy client, which is in `wait`, makes the connection. */
function isUnconnected({ status }: RedisClient): boolean {
  return status !== 'ready' && status !== 'wait';
}

function closedClient(): StorageError {
  return new StorageError(
    'connection_closed',
    'The Redis client is closed: it was told to quit, or has given up. Nothing that Redis holds is lost.',
  );
}
