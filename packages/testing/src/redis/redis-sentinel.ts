import { ask, until } from './redis-admin.js';
import { type RedisConfig, RedisProcess } from './redis-process.js';
import type { RedisAddress, RedisServer } from './redis-server.js';

export interface RedisSentinelOptions {
  /** What the sentinels call their master. Default: `frameio`. */
  readonly name?: string;
  /** Milliseconds after which a server that does not answer counts as down. Default: 500. */
  readonly downAfter?: number;
  /** Further directives of `redis.conf` for the master and its replicas; without passwords. */
  readonly config?: RedisConfig;
}

/** A running master with two replicas, and three sentinels that agree on which one is the master. */
export interface RedisSentinel {
  /** What the sentinels call their master. */
  readonly name: string;
  /** Where clients ask for the master. */
  readonly sentinels: readonly RedisServer[];
  /** The server that was the master first, and the two others. */
  readonly servers: readonly RedisServer[];

  /**
   * The master, as soon as all sentinels that run name the same one, and none is still busy with an earlier failover: it
   * could not end that if the master died, and would name the dead one for ever.
   */
  master(): Promise<RedisServer>;
  /**
   * Has another server become the master: by the death of the present one (`kill`, the default), which stays down until
   * its own `start()`, or at the sentinels' request (`ask`). In this case, as ever with sentinels, the old one takes
   * writes for a while, and loses them, until it is made to follow the new one.
   *
   * @returns the new master, which all sentinels name and which takes writes
   */
  failover(options?: { readonly how?: 'kill' | 'ask' }): Promise<RedisServer>;
  /** Ends all processes for good and removes their directories. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How many sentinels must agree that the master is down. */
const QUORUM = 2;

/** How often the sentinels look after each other and after servers, in milliseconds. Usual are 1, 2 and 10 seconds. */
const HASTE = ['ASK-PERIOD', 200, 'PUBLISH-PERIOD', 200, 'INFO-PERIOD', 200];

/** Waiting for more replicas before the first copy would be the longest part of starting. */
const QUICK_COPIES: RedisConfig = { 'repl-diskless-sync-delay': '0' };

/**
 * Starts a real master, two replicas and three sentinels on loopback, as six processes. They end with `stop()`, and at the latest with this process.
 *
 * @throws ConfigurationError `redis_not_found` when the machine has no Redis server
 * @throws Error with the last lines of its log when a process does not start
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

/** What a sentinel says of a server: names and values by turns. */
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

  /** The port of its master, and whether it is making another server the master. */
  async #viewOf(sentinel: RedisAddress): Promise<{ readonly port: number; readonly isFailingOver: boolean }> {
    const [, port] = (await ask(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)) as [string, string];
    const master = fieldsOf((await ask(sentinel, 'SENTINEL', 'MASTER', this.name)) as string[]);
    return { port: Number(port), isFailingOver: master.get('flags')?.includes('failover_in_progress') === true };
  }
}
