import { freePort } from '@frameio-auth/conformance';
import { ask, until } from './redis-admin.ts';
import { type RedisConfig, RedisProcess } from './redis-process.ts';
import type { RedisAddress, RedisServer } from './redis-server.ts';

export interface RedisClusterOptions {
  /** After how many milliseconds an unresponsive node counts as down. Default: 2 000. */
  readonly nodeTimeout?: number;
  /** Further directives of `redis.conf` for all nodes; without passwords. */
  readonly config?: RedisConfig;
}

/** A running cluster of three masters and three replicas. */
export interface RedisCluster {
  /** First the nodes that were masters at the start, then the replica of each, in the same order. */
  readonly nodes: readonly RedisServer[];

  /** Resolves to the master of a slot (0 to 16 383; the slot of a key is its CRC16 modulo 16 384). */
  masterOf(slot: number): Promise<RedisServer>;
  /**
   * Moves a slot and its keys to another master, as an operator does when resharding. `beforeHandOver` is called when
   * the keys have moved and the slot has not: clients that request one of these keys are redirected by `ASK`.
   *
   * @returns the new master of the slot, which every node knows
   */
  migrateSlot(
    slot: number,
    options?: {
      /** One of the masters. Default: any other one. */
      readonly to?: RedisServer;
      beforeHandOver?(): Promise<void>;
    },
  ): Promise<RedisServer>;
  /**
   * Makes the replica of a master take over its slots: by killing the master (`kill`, the default), which stays down
   * until its own `start()`, or at the replica's request (`ask`). It takes several seconds to detect a killed master.
   *
   * @returns the new master; every running node knows it, and the cluster is complete
   */
  failover(options?: {
    readonly how?: 'kill' | 'ask';
    /** Selects the master: the one with this slot. Default: 0. */
    readonly slot?: number;
  }): Promise<RedisServer>;
  /** Ends all processes permanently and removes their directories. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const SLOTS = 16_384;
const MASTERS = 3;

/**
 * Starts a real cluster on loopback: three masters with a third of the slots each, and a replica for each, as six
 * processes. It takes about three seconds; a node waits two of them before it accepts commands. The processes end with
 * `stop()`, and at the latest with this process.
 *
 * @throws RedisNotFoundError if the machine has no Redis server
 * @throws Error with the last lines of its log if a node does not start
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { nodeTimeout = 2000, config } = options;
  const node = {
    configure: async () => ({
      'cluster-enabled': 'yes',
      'cluster-node-timeout': String(nodeTimeout),
      // The default, 10 000 above the other port, may not be free.
      'cluster-port': String(await freePort()),
      'repl-diskless-sync-delay': '0',
      ...config,
    }),
  };
  const cluster = new LocalCluster(await RedisProcess.launchAll(Array.from({ length: 2 * MASTERS }, () => node)));
  try {
    await cluster.form();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class LocalCluster implements RedisCluster {
  readonly nodes: readonly RedisProcess[];

  constructor(nodes: readonly RedisProcess[]) {
    this.nodes = nodes;
  }

  /** Joins nodes that do not know each other yet into a cluster. */
  async form(): Promise<void> {
    const selves = await Promise.all(this.nodes.map(async (node) => ({ node, ...(await selfOf(node)) })));
    const masters = selves.slice(0, MASTERS);
    await Promise.all(
      selves.map(async ({ node }, index) => {
        // With distinct epochs from the start, the nodes need not resolve collisions.
        await ask(node, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
        if (index >= MASTERS) return;
        const firstOf = (third: number) => Math.ceil((third * SLOTS) / MASTERS);
        await ask(node, 'CLUSTER', 'ADDSLOTSRANGE', firstOf(index), firstOf(index + 1) - 1);
      }),
    );
    // Each meets each, because gossip takes longer.
    await Promise.all(
      selves.flatMap(({ node }, index) =>
        selves
          .slice(index + 1)
          .map(({ node: { host, port }, busPort }) => ask(node, 'CLUSTER', 'MEET', host, port, busPort)),
      ),
    );
    await this.#agreed('all nodes know each other', (known) => known.length === this.nodes.length);
    await Promise.all(
      selves.slice(MASTERS).map(({ node }, index) => ask(node, 'CLUSTER', 'REPLICATE', masters[index]?.id ?? '')),
    );
    await this.#agreed('each master has a replica', (known) => masters.every(({ id }) => replicaOf(id, known)));
    await this.#whole();
  }

  masterOf(slot: number): Promise<RedisProcess> {
    return until(`all nodes agree who has slot ${slot}`, async () => {
      const views = await Promise.all(this.#answering().map(viewOf));
      const [port, ...others] = views.map((known) => known.find((node) => hasSlot(node, slot))?.port);
      return others.every((other) => other === port) ? this.nodes.find((node) => node.port === port) : undefined;
    });
  }

  async migrateSlot(slot: number, options: Parameters<RedisCluster['migrateSlot']>[1] = {}): Promise<RedisProcess> {
    const from = await this.masterOf(slot);
    if (options.to?.port === from.port) return from;
    const known = await viewOf(from);
    const masters = known.filter(({ flags }) => flags.includes('master') && !flags.includes('fail'));
    const source = masters.find(({ port }) => port === from.port);
    const target = masters.find(({ port }) =>
      options.to === undefined ? port !== from.port : port === options.to.port,
    );
    const to = this.nodes.find(({ port }) => port === target?.port);
    if (source === undefined || target === undefined || to === undefined) {
      throw new Error('A slot can be moved to a master of its cluster alone.');
    }
    await ask(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.id);
    await ask(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id);
    for (;;) {
      const keys = (await ask(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
      if (keys.length === 0) break;
      await ask(from, 'MIGRATE', to.host, to.port, '', 0, 5000, 'KEYS', ...keys);
    }
    await options.beforeHandOver?.();
    // The new master first; otherwise no node might have the slot for a moment.
    const others = this.nodes.filter((node) => node !== to && masters.some(({ port }) => port === node.port));
    for (const node of [to, ...others]) await ask(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', target.id);
    return until('all nodes know where the slot is', async () => {
      const master = await this.masterOf(slot);
      return master === to ? master : undefined;
    });
  }

  async failover({ how = 'kill', slot = 0 }: Parameters<RedisCluster['failover']>[0] = {}): Promise<RedisProcess> {
    const old = await this.masterOf(slot);
    const { id } = await selfOf(old);
    if (how === 'kill') {
      await old.kill();
    } else {
      const port = replicaOf(id, await viewOf(old))?.port;
      const replica = this.nodes.find((node) => node.port === port);
      if (replica === undefined) throw new Error(`The master that has slot ${slot} has no replica that runs.`);
      await ask(replica, 'CLUSTER', 'FAILOVER');
    }
    const master = await until('a replica has taken over', async () => {
      const current = await this.masterOf(slot);
      return current === old ? undefined : current;
    });
    await this.#whole();
    return master;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #answering(): RedisProcess[] {
    return this.nodes.filter(({ answers }) => answers);
  }

  /** Waits until a condition holds for what each node knows of all nodes, once it is connected to them. */
  async #agreed(what: string, isSo: (known: readonly KnownNode[]) => unknown): Promise<void> {
    await until(what, async () => {
      const views = await Promise.all(this.#answering().map(viewOf));
      const connected = ({ flags, connected }: KnownNode) => connected && !flags.includes('handshake');
      return views.every((known) => known.every(connected) && isSo(known)) || undefined;
    });
  }

  /** Waits until every node accepts commands, and every replica has a copy. */
  async #whole(): Promise<void> {
    await until('the cluster takes commands', async () => {
      const ready = await Promise.all(
        this.#answering().map(async (node) => {
          const state = (await ask(node, 'CLUSTER', 'INFO')) as string;
          const [role, , , link] = (await ask(node, 'ROLE')) as [string, unknown, unknown, string?];
          return state.includes('cluster_state:ok') && (role === 'master' || link === 'connected');
        }),
      );
      return ready.every(Boolean) || undefined;
    });
  }
}

/** A node as another one, or it itself, sees it. */
interface KnownNode {
  readonly id: string;
  readonly port: number;
  readonly busPort: number;
  readonly flags: readonly string[];
  /** The id of its master; `-` for a master. */
  readonly master: string;
  readonly connected: boolean;
  /** First and last slots. */
  readonly slots: readonly (readonly [number, number])[];
}

/** Returns what a node knows of all nodes, including itself: the lines of `CLUSTER NODES`. */
async function viewOf(node: RedisAddress): Promise<KnownNode[]> {
  const text = (await ask(node, 'CLUSTER', 'NODES')) as string;
  return text.trim().split('\n').map(knownNode);
}

function knownNode(line: string): KnownNode {
  const [id = '', address = '', flags = '', master = '', , , , link = '', ...slots] = line.split(' ');
  const [, port, busPort] = /:(\d+)@(\d+)/.exec(address) ?? [];
  return {
    id,
    port: Number(port),
    busPort: Number(busPort),
    flags: flags.split(','),
    master,
    connected: link === 'connected',
    // Those in brackets are being moved to another node, and are listed among the others too.
    slots: slots
      .filter((range) => !range.startsWith('['))
      .map((range) => range.split('-').map(Number))
      .map(([first = 0, last = first]) => [first, last]),
  };
}

async function selfOf(node: RedisAddress): Promise<KnownNode> {
  const self = (await viewOf(node)).find(({ flags }) => flags.includes('myself'));
  if (self === undefined) throw new Error('A node does not know itself.');
  return self;
}

function hasSlot({ slots }: KnownNode, slot: number): boolean {
  return slots.some(([first, last]) => first <= slot && slot <= last);
}

function replicaOf(master: string, known: readonly KnownNode[]): KnownNode | undefined {
  return known.find((node) => node.master === master && !node.flags.includes('fail'));
}
