import { startDeadline } from '@frameio-auth/core/adapter';
import { Connection } from './connection.js';
import type { RedisClient } from './redis-client.js';
import { isScriptMissing, mayHaveRun, storageErrorOf, timeoutError } from './redis-failure.js';
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
  readonly #connection: Connection;
  readonly #timeout: number;

  /** @param timeout - in milliseconds, for one script with all that it takes */
  constructor(client: RedisClient, timeout: number) {
    this.#client = client;
    this.#connection = new Connection(client);
    this.#timeout = timeout;
  }

  /**
   * @param onUnknown - is called when the script has run, or may have, for somebody who was told that it failed: it was
   *   late, or its answer was lost with the connection
   * @throws StorageError
   */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    onUnknown: () => void = () => {},
  ): Promise<ScriptReply> {
    let over = false;
    const running = this.#send(script, keys, args, () => over);
    let cancelDeadline = () => {};
    const late = new Promise<never>((_, reject) => {
      cancelDeadline = startDeadline(this.#timeout, () => {
        over = true;
        reject(this.#connection.trouble ?? timeoutError(this.#timeout));
      });
    });
    try {
      return await Promise.race([running, late]);
    } catch (error) {
      running.then(onUnknown, (failure: unknown) => {
        if (mayHaveRun(failure)) onUnknown();
      });
      throw storageErrorOf(error);
    } finally {
      cancelDeadline();
    }
  }

  /** Those who wait for a connection are told that there is none; what was sent is answered. */
  close(): void {
    this.#connection.close();
  }

  async #send(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    isOver: () => boolean,
  ): Promise<ScriptReply> {
    const send = async (command: 'evalsha' | 'eval', what: string): Promise<ScriptReply> => {
      // Between the two lines nothing else runs, so the client is still connected when it is given the command.
      if (!this.#connection.isReady) await this.#connection.ready();
      if (isOver()) throw timeoutError(this.#timeout);
      return (await this.#call(command, what, keys, args)) as ScriptReply;
    };
    try {
      return await send('evalsha', script.sha1);
    } catch (error) {
      if (isScriptMissing(error)) return send('eval', script.text);
      throw error;
    }
  }

  /**
   * Until 5.10, a Cluster of ioredis that pipelines by itself takes the first argument of any command for its key, which
   * is the name of the script here. In a pipeline that others make it looks where the key is.
   */
  async #call(
    command: 'evalsha' | 'eval',
    what: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const { isCluster, options } = this.#client;
    if (!(isCluster && options.enableAutoPipelining)) {
      return this.#client[command](what, keys.length, ...keys, ...args);
    }
    const replies = await this.#client
      .pipeline()
      [command](what, keys.length, ...keys, ...args)
      .exec();
    const [error, reply] = replies?.[0] ?? [new Error('Connection is closed.'), undefined];
    if (error !== null) throw error;
    return reply;
  }
}
