import { ask, until } from './redis-admin.ts';
import { type RedisConfig, RedisProcess } from './redis-process.ts';
import type { RedisAddress, RedisServer } from './redis-server.ts';

export interface RedisSentinelOptions {
  /** The sentinels' name for the master. Default: `frameio`. */
  readonly name?: string;
  /** After how many milliseconds an unresponsive server counts as down. Default: 500. */
  readonly downAfter?: number;
  /** Further directives of `redis.conf` for the master and its replicas; without passwords. */
  readonly config?: RedisConfig;
}

/** A running master with two replicas, and three sentinels that agree on which one is the master. */
export interface RedisSentinel {
  /** The sentinels' name for the master. */
  readonly name: string;
  /** The addresses where clients look up the master. */
  readonly sentinels: readonly RedisServer[];
  /** The first master, and the two others. */
  readonly servers: readonly RedisServer[];

  /**
   * Resolves to the master, when all running sentinels name the same one and none is still running an earlier failover.
   * Such a failover could not finish if the master died, and would name the dead one forever.
   */
  master(): Promise<RedisServer>;
  /**
   * Promotes another server to master: by killing the current one (`kill`, the default), which stays down until its own
   * `start()`, or at the sentinels' request (`ask`). In that case, as always with sentinels, the old one accepts writes
   * for a while, and loses them, until it follows the new one.
   *
   * @returns the new master, which all sentinels name and which accepts writes
   */
  failover(options?: { readonly how?: 'kill' | 'ask' }): Promise<RedisServer>;
  /** Ends all processes permanently and removes their directories. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How many sentinels must agree that the master is down. */
const QUORUM = 2;

/** How often the sentinels check each other and the servers, in milliseconds. The defaults are 1, 2 and 10 seconds. */
const HASTE = ['ASK-PERIOD', 200, 'PUBLISH-PERIOD', 200, 'INFO-PERIOD', 200];

/** Otherwise waiting for more replicas before the first copy would be the slowest part of starting. */
const QUICK_COPIES: RedisConfig = { 'repl-diskless-sync-delay': '0' };

/**
 * Starts a real master, two replicas and three sentinels on loopback, as six processes. They end with `stop()`, and at
 * the latest with this process.
 *
 * @throws RedisNotFoundError if the machine has no Redis server
 * @throws Error with the last lines of its log if a process does not start
 */
export async function startRedisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const { name = 'frameio', downAfter = 500, config } = options;
  const master = await RedisProcess.launch({ configure: () => ({ ...QUICK_COPIES, ...config }) });
  const running = [master];
  try {
    const replica = { configure: () => ({ ...QUICK_COPIES, ...config, replicaof: `${master.host} ${master.port}` }) };
    const servers = [master, ...(await RedisProcess.launchAll([replica, replica]))];
    running.push(...servers.slice(1));
    await until('the replicas follow their master', async () => {
      const [, , replicas] = (await ask(master, 'ROLE')) as [string, number, unknown[]];
      return replicas.length === 2 || undefined;
    });
    const sentinel = { sentinel: true, configure: () => ({ sentinel: directives(name, master, downAfter) }) };
    const sentinels = await RedisProcess.launchAll([sentinel, sentinel, sentinel]);
    running.push(...sentinels);
    await Promise.all(sentinels.map((one) => ask(one, 'SENTINEL', 'DEBUG', ...HASTE)));
    await until('the sentinels know the replicas and each other', async () => {
      const ready = await Promise.all(sentinels.map((one) => isReady(one, name)));
      return ready.every(Boolean) || undefined;
    });
    return new LocalSentinel(name, servers, sentinels);
  } catch (error) {
    await Promise.all(running.map((one) => one.stop()));
    throw error;
  }
}

function directives(name: string, master: RedisAddress, downAfter: number): string[] {
  return [
    `monitor ${name} ${master.host} ${master.port} ${QUORUM}`,
    `down-after-milliseconds ${name} ${downAfter}`,
    `failover-timeout ${name} 2000`,
  ];
}

/** Whether a sentinel knows the two others and both replicas. */
async function isReady(sentinel: RedisAddress, name: string): Promise<boolean> {
  const master = fieldsOf((await ask(sentinel, 'SENTINEL', 'MASTER', name)) as string[]);
  const replicas = ((await ask(sentinel, 'SENTINEL', 'REPLICAS', name)) as string[][]).map(fieldsOf);
  const followers = replicas.filter((replica) => replica.get('flags') === 'slave');
  return master.get('num-other-sentinels') === '2' && followers.length === 2;
}

/** Parses a sentinel's description of a server: alternating names and values. */
function fieldsOf(words: readonly string[]): Map<string, string> {
  return new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : [])));
}

class LocalSentinel implements RedisSentinel {
  readonly name: string;
  readonly servers: readonly RedisProcess[];
  readonly sentinels: readonly RedisProcess[];

  constructor(name: string, servers: readonly RedisProcess[], sentinels: readonly RedisProcess[]) {
    this.name = name;
    this.servers = servers;
    this.sentinels = sentinels;
  }

  master(): Promise<RedisServer> {
    return until('the sentinels agree on a master', async () => {
      const running = this.sentinels.filter(({ answers }) => answers);
      const views = await Promise.all(running.map((sentinel) => this.#viewOf(sentinel)));
      const [port] = views.map((view) => view.port);
      const agree = views.every((view) => view.port === port && !view.isFailingOver);
      return agree ? this.servers.find((server) => server.port === port) : undefined;
    });
  }

  async failover({ how = 'kill' }: { readonly how?: 'kill' | 'ask' } = {}): Promise<RedisServer> {
    const old = await this.master();
    if (how === 'kill') {
      await old.kill();
    } else {
      await until('a sentinel takes the request for a failover', async () => {
        const sentinel = this.sentinels.find(({ answers }) => answers);
        return sentinel && ask(sentinel, 'SENTINEL', 'FAILOVER', this.name);
      });
    }
    return until('the sentinels have made another server the master', async () => {
      const master = await this.master();
      const [role] = (await ask(master, 'ROLE')) as [string];
      return master !== old && role === 'master' ? master : undefined;
    });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((one) => one.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Resolves to the port of its master, and whether a failover is running. */
  async #viewOf(sentinel: RedisAddress): Promise<{ readonly port: number; readonly isFailingOver: boolean }> {
    const [, port] = (await ask(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)) as [string, string];
    const master = fieldsOf((await ask(sentinel, 'SENTINEL', 'MASTER', this.name)) as string[]);
    return { port: Number(port), isFailingOver: master.get('flags')?.includes('failover_in_progress') === true };
  }
}
