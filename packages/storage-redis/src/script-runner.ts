import { startDeadline } from '@frameio-auth/core/adapter';
import { Connection } from './connection.js';
import type { RedisClient } from './redis-client.js';
import { isScriptMissing, mayHaveRun, storageErrorOf, timeoutError } from './redis-failure.js';
import type { Script } from './scripts.js';

/** The reply of a script: the outcome, the time, the record's version and value, and further fields. */
export type ScriptReply = readonly [
  outcome: string,
  now: string,
  version: string,
  value: string | null,
  ...more: string[],
];

/** Runs scripts on the application's client, each with a time limit. Rejects only with a `StorageError`. */
export class ScriptRunner {
  readonly #client: RedisClient;
  readonly #connection: Connection;
  readonly #timeout: number;

  /**
   * @param timeout - in milliseconds, for one script including the wait for a connection
   */
  constructor(client: RedisClient, timeout: number) {
    this.#client = client;
    this.#connection = new Connection(client);
    this.#timeout = timeout;
  }

  /**
   * Runs a script.
   *
   * @param onUnknown - called if the script has run, or may have, although its caller got an error: it was late, or
   *   its reply was lost with the connection
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
        reject(this.#connection.failure ?? timeoutError(this.#timeout));
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

  /** Rejects callers that wait for a connection; commands already sent still get their replies. */
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
      // Nothing else runs between these lines, so the client is still connected when it gets the command.
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
   * Sends the command in an explicit pipeline. Before 5.10, a Cluster of ioredis with automatic pipelining takes the
   * first argument of any command for its key, which here is the name of the script. In explicit pipelines it finds the
   * key.
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
