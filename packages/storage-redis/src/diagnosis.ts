import { randomUUID } from 'node:crypto';
import { StorageError } from '@frameio-auth/core';
import { type LeaseReply, startDeadline, type TokenStorage } from '@frameio-auth/core/adapter';
import type { SubscriptionFailure } from './hint-connection.js';
import type { RedisClient } from './redis-client.js';
import { storageErrorOf } from './redis-failure.js';

/** One check and its result. */
export interface Finding {
  readonly check:
    | 'connection'
    | 'version'
    | 'topology'
    | 'eviction'
    | 'persistence'
    | 'clock'
    | 'steps'
    | 'due'
    | 'hints';
  /** `error`: sessions are not safe here. `warning`: they are, until the event that the message describes. */
  readonly status: 'ok' | 'warning' | 'error';
  /** One or two sentences, with what to change. */
  readonly message: string;
}

/** The result of `doctor()`. Contains no secrets, hosts or keys, so it may be logged. */
export interface Diagnosis {
  /** Whether no finding is an `error`. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
  /** The median of several round trips, in milliseconds; absent without a connection. */
  readonly latency?: number;
  /** The clock of Redis minus this machine's, in milliseconds; absent without a connection. */
  readonly clockOffset?: number;
}

/** The fields of a server's `INFO`; `undefined` if the client's user lacks the permission. */
type Facts = Readonly<Record<string, string>> | undefined;

const ROUND_TRIPS = 5;

const SESSIONS_AT_ONCE = 20;

/**
 * Clocks may differ, because sessions use the clock of Redis. But beyond this difference, in milliseconds, one of them
 * is wrong.
 */
const LARGE_OFFSET = 60_000;

/** How long to wait for a hint, or for a server's `INFO`, in milliseconds. */
const TIMEOUT = 2_000;

/**
 * How long the temporary record may stay if the doctor is interrupted, in milliseconds: longer than it takes on any
 * machine, because a record that expires meanwhile is no longer listed as due.
 */
const LEFTOVER = 600_000;

/** Runs all checks against a Redis, in an order in which the first error explains the others. */
export async function diagnose(
  client: RedisClient,
  storage: TokenStorage,
  hintTrouble: () => SubscriptionFailure | undefined,
): Promise<Diagnosis> {
  const probe = `doctor/${randomUUID()}`;
  let measured: { readonly latency: number; readonly clockOffset: number };
  try {
    measured = await measure(storage, probe);
  } catch (error) {
    const failed: Finding = { check: 'connection', status: 'error', message: messageOf(error) };
    // A sentinel, or a node of a cluster, rejects the commands but still reveals what it is.
    const seen =
      client.status === 'ready'
        ? worstOf((await factsOf(client)).map((facts) => topology(facts, client.isCluster)))
        : [];
    return { healthy: false, findings: [failed, ...seen.filter(({ status }) => status === 'error')] };
  }
  const { latency, clockOffset } = measured;
  const servers = await factsOf(client);
  const findings: Finding[] = [
    { check: 'connection', status: 'ok', message: `Redis answers, as a rule within ${latency} ms.` },
    clock(clockOffset),
    ...worstOf(servers.map(version)),
    ...worstOf(servers.map((facts) => topology(facts, client.isCluster))),
    ...worstOf(servers.map(eviction)),
    ...worstOf(servers.map(persistence)),
    ...(await runDemo(storage, probe, hintTrouble)),
  ];
  return { healthy: findings.every(({ status }) => status !== 'error'), findings, latency, clockOffset };
}

async function measure(storage: TokenStorage, probe: string): Promise<{ latency: number; clockOffset: number }> {
  await storage.read(probe); // The first call loads the script.
  const trips: { readonly latency: number; readonly clockOffset: number }[] = [];
  for (let trip = 0; trip < ROUND_TRIPS; trip += 1) {
    const begin = performance.now();
    const { now } = await storage.read(probe);
    const latency = performance.now() - begin;
    trips.push({ latency, clockOffset: Math.round(now - (Date.now() - latency / 2)) });
  }
  trips.sort((one, other) => one.latency - other.latency);
  const { latency, clockOffset } = trips[Math.floor(ROUND_TRIPS / 2)] as (typeof trips)[number];
  return { latency: Number(latency.toFixed(2)), clockOffset };
}

/** Resolves to the `INFO` of the server, or of each master of a cluster. */
async function factsOf(client: RedisClient): Promise<readonly Facts[]> {
  const servers = client.isCluster && client.nodes !== undefined ? client.nodes('master') : [client];
  return Promise.all(
    servers.map(async (server) => {
      try {
        const info = await within(server.call('INFO'), TIMEOUT, undefined);
        if (info === undefined) return undefined;
        return Object.fromEntries(
          String(info)
            .split(/\r?\n/)
            .map((line) => line.split(/:(.*)/, 2)),
        ) as Facts;
      } catch {
        return undefined;
      }
    }),
  );
}

function clock(offset: number): Finding {
  const differs = `Redis' clock is ${Math.abs(offset)} ms ${offset < 0 ? 'behind' : 'ahead of'} this machine's`;
  return Math.abs(offset) < LARGE_OFFSET
    ? { check: 'clock', status: 'ok', message: `${differs}. Sessions reckon by Redis' own.` }
    : {
        check: 'clock',
        status: 'warning',
        message: `${differs}. Sessions reckon with that, but one of the two is wrong: synchronize them (NTP).`,
      };
}

function version(facts: Facts): Finding {
  const check = 'version';
  if (facts === undefined) return unseen(check);
  const [name, text = ''] =
    facts['valkey_version'] === undefined ? ['Redis', facts['redis_version']] : ['Valkey', facts['valkey_version']];
  return name === 'Valkey' || Number.parseInt(text, 10) >= 7
    ? { check, status: 'ok', message: `It is ${name} ${text}.` }
    : { check, status: 'error', message: `It is ${name} ${text}. Sessions need Redis 7 or newer, or Valkey.` };
}

function topology(facts: Facts, isCluster: boolean): Finding {
  const check = 'topology';
  if (facts === undefined) return unseen(check);
  const mode = facts['redis_mode'] ?? facts['server_mode'];
  if (mode === 'sentinel') {
    return {
      check,
      status: 'error',
      message: 'The client is connected to a sentinel as if it were a server: give ioredis `sentinels` and `name`.',
    };
  }
  if (mode === 'cluster' && !isCluster) {
    return { check, status: 'error', message: 'It is a cluster, and the client is not: use `new Cluster([…])`.' };
  }
  if (facts['role'] !== 'master') {
    return { check, status: 'error', message: 'It is a replica, which takes no writes: connect to the master.' };
  }
  const replicas = Number(facts['connected_slaves'] ?? 0);
  return replicas === 0
    ? { check, status: 'ok', message: `One ${mode === 'cluster' ? 'node of a cluster' : 'server'}, without replicas.` }
    : {
        check,
        status: 'ok',
        message:
          `A master with ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}. A failover may lose the last writes; ` +
          '`min-replicas-to-write 1` bounds how many.',
      };
}

function eviction(facts: Facts): Finding {
  const check = 'eviction';
  if (facts === undefined) return unseen(check);
  const policy = facts['maxmemory_policy'] ?? 'noeviction';
  if (facts['maxmemory'] === '0') {
    return { check, status: 'ok', message: 'No limit is set for its memory, so nothing is evicted.' };
  }
  if (policy === 'noeviction') return { check, status: 'ok', message: 'Nothing is evicted when its memory is full.' };
  const which = policy.startsWith('volatile') ? 'keys that expire, and sessions do,' : 'keys of all kinds';
  return {
    check,
    status: 'warning',
    message:
      `When its memory is full, it evicts ${which} (${policy}), and users with an evicted session must sign in ` +
      'again. Set `maxmemory-policy noeviction`, or keep sessions in a Redis of their own.',
  };
}

function persistence(facts: Facts): Finding {
  const check = 'persistence';
  if (facts === undefined) return unseen(check);
  if (facts['aof_enabled'] === '1') {
    return facts['aof_last_write_status'] === 'ok'
      ? { check, status: 'ok', message: 'Every write goes to its append-only file.' }
      : { check, status: 'error', message: 'It cannot write its append-only file: look at its disk.' };
  }
  return {
    check,
    status: 'warning',
    message:
      'It has no append-only file. After a restart it has lost what came after its last snapshot, if it makes any, and ' +
      'users with a refresh token that was replaced since must sign in again. Set `appendonly yes`.',
  };
}

/** Runs the steps of a session on a temporary record, and waits for the hint. Nothing of it remains. */
async function runDemo(
  storage: TokenStorage,
  probe: string,
  hintTrouble: () => SubscriptionFailure | undefined,
): Promise<Finding[]> {
  let received: () => void = () => {};
  const hint = new Promise<boolean>((resolve) => {
    received = () => resolve(true);
  });
  let stop = () => {};
  try {
    stop = storage.watch(probe, received);
    // Sessions send commands concurrently, and their keys are on all nodes of a cluster.
    const others = Array.from({ length: SESSIONS_AT_ONCE }, (_, index) => `${probe}/${index}`);
    await Promise.all(others.map(async (other) => storage.release((await takeLease(storage, other)).lease)));
    const leased = await takeLease(storage, probe);
    await storage.renew(leased.lease);
    await storage.release(leased.lease);
    const write = async (expectedVersion: number, times: { expiresAt?: number; dueAt?: number }): Promise<number> => {
      const written = await storage.commit(probe, { value: 'probe', expectedVersion, ...times });
      if (written.outcome !== 'committed') throw new StorageError('storage_failed', 'A commit was refused.');
      return written.version;
    };
    // Without an expiry at first, like most records; then immediately with one, whatever happens to the rest.
    const first = await write(0, { dueAt: leased.now });
    const listed = await isDue(storage, probe);
    const version = await write(first, { expiresAt: leased.now + LEFTOVER });
    const unlisted = (await isDue(storage, probe)) === false;
    // Subscribing may take longer than writing, so a second write gives another chance for a hint.
    let notified = await within(hint, TIMEOUT / 4, false);
    await write(version, { expiresAt: leased.now });
    notified ||= await within(hint, TIMEOUT, false);
    return [
      { check: 'steps', status: 'ok', message: 'A lease was taken and renewed, and a record written and removed.' },
      listed && unlisted
        ? { check: 'due', status: 'ok', message: 'A record was listed as due, and no longer when it was not.' }
        : {
            check: 'due',
            status: 'warning',
            message:
              'The list of due sessions cannot be kept, so unused sessions are not kept alive: allow the commands ' +
              "on sorted sets to the client's user.",
          },
      notified
        ? { check: 'hints', status: 'ok', message: 'A change was announced by pub/sub.' }
        : {
            check: 'hints',
            status: 'warning',
            message: `No change was notified by pub/sub, so waiting instances learn of a new token a second late. ${whyNoHints(hintTrouble())}`,
          },
    ];
  } catch (error) {
    return [{ check: 'steps', status: 'error', message: messageOf(error) }];
  } finally {
    stop();
  }
}

async function takeLease(storage: TokenStorage, key: string): Promise<Extract<LeaseReply, { outcome: 'granted' }>> {
  const leased = await storage.lease(key, { owner: key, ttl: 10_000, ifVersion: 0 });
  if (leased.outcome !== 'granted') throw new StorageError('storage_failed', 'A lease was not granted.');
  return leased;
}

function whyNoHints(failure: SubscriptionFailure | undefined): string {
  const byProxy =
    'If a proxy stands between this client and Redis, it has no pub/sub: connect to Redis itself, or leave it at that.';
  if (failure?.what === 'closed') return `The connection is closed whenever it subscribes. ${byProxy}`;
  if (failure === undefined || failure.code === 'NOPERM') return "Allow the channels to the client's user.";
  return `Subscribing is refused (${failure.code}). ${byProxy}`;
}

/** Resolves to `undefined` if it cannot be determined. */
async function isDue(storage: TokenStorage, probe: string): Promise<boolean | undefined> {
  try {
    return (await storage.due({ prefix: probe, limit: 1 })).keys.length > 0;
  } catch {
    return undefined;
  }
}

async function within<Answer, Else>(
  answer: Promise<Answer>,
  patience: number,
  otherwise: Else,
): Promise<Answer | Else> {
  let cancel = () => {};
  const late = new Promise<Else>((resolve) => {
    cancel = startDeadline(patience, () => resolve(otherwise));
  });
  return Promise.race([answer, late]).finally(cancel);
}

function unseen(check: Finding['check']): Finding {
  return {
    check,
    status: 'warning',
    message: "It could not be checked, because the client's user may not run INFO. Ask the operator of this Redis.",
  };
}

/** Returns the worst finding. The nodes of a cluster are alike, so one is reported for all. */
function worstOf(findings: readonly Finding[]): readonly Finding[] {
  const order: readonly Finding['status'][] = ['error', 'warning', 'ok'];
  return order.flatMap((status) => findings.filter((finding) => finding.status === status)).slice(0, 1);
}

function messageOf(error: unknown): string {
  return storageErrorOf(error).message;
}
