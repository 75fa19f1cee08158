import { randomUUID } from 'node:crypto';
import { ConfigurationError, StorageError } from '@frameio-auth/core';
import {
  assertCommitRequest,
  assertDueRequest,
  assertKey,
  assertLeaseRequest,
  type StoredRecord,
  type TokenStorage,
} from '@frameio-auth/core/adapter';
import { ChangeHints } from './change-hints.js';
import { type Diagnosis, diagnose } from './diagnosis.js';
import { assertPrefix, DEFAULT_PREFIX, dueNames, hashName, type KeyNames, keyNames, markName } from './key-names.js';
import { LostData, type ShardState } from './lost-data.js';
import { RecentCommits, type WrittenRecord } from './recent-commits.js';
import { assertClient, type RedisClient } from './redis-client.js';
import { type ScriptReply, ScriptRunner } from './script-runner.js';
import { COMMIT, CREATE, DUE, LEASE, LEASE_ALONE, READ, RELEASE, RENEW, RESTORE, VERSIONS } from './scripts.js';
import { Watchers } from './watchers.js';

export interface RedisStorageOptions {
  /**
   * The application's own `Redis` or `Cluster` of ioredis 5 or 6, for Redis 7 or newer, or Valkey. The application
   * keeps ownership: `close()` does not close it.
   */
  readonly client: RedisClient;
  /** The prefix of all keys and channels, after the client's own prefix. Default: `frameio-auth:`. */
  readonly keyPrefix?: string;
  /** How long one call may take, in milliseconds, including the wait for a connection. Default: 5000. */
  readonly timeout?: number;
}

export interface RedisStorage extends TokenStorage {
  /**
   * Checks whether this Redis is configured so that sessions are safe in it. Never rejects, and leaves no lasting
   * change.
   */
  doctor(): Promise<Diagnosis>;
}

const DEFAULT_TIMEOUT = 5_000;

/** The last moment that a `Date` can represent; what expires or is due later than that never is. */
const LAST_MOMENT = 8.64e15;

/**
 * Creates a storage that keeps records in Redis, shared by all instances that connect to the same one.
 *
 * Every call is one script, so one round trip (`due`: one per shard, concurrently). Deadlines use the clock of Redis. A
 * record is kept until it expires, even after its access token has expired.
 *
 * @throws ConfigurationError `invalid_option`
 * @throws StorageError `storage_closed` after `close()`, `invalid_argument` for values that cannot be stored,
 *   `record_unreadable`, `storage_timeout`, `connection_closed`, `redis_too_old`, or a code of Redis or the system
 *   (`READONLY`, `NOPERM`, `ECONNREFUSED`, …). Methods that return a promise reject with it; `watch` throws it.
 */
export function redisStorage(options: RedisStorageOptions): RedisStorage {
  const { client, keyPrefix, timeout } = checked(options);
  const scripts = new ScriptRunner(client, timeout);
  const watchers = new Watchers();
  const recent = new RecentCommits();
  const hints = new ChangeHints(client, (channel, key, version) => {
    note(channel, key, version);
    watchers.notify(channel, key, version);
  });
  const lostData = new LostData(client, watchers, recent, { versionsOf, restore });
  const publish = client.isCluster ? 'SPUBLISH' : 'PUBLISH';
  let closed = false;

  function assertOpen(): void {
    if (closed)
      throw new StorageError('storage_closed', 'The Redis storage was closed. Close it after the last session.');
  }

  function namesOf(key: string): KeyNames {
    assertOpen();
    assertKey(key);
    assertWellFormed(key, 'A key');
    return keyNames(keyPrefix, key);
  }

  /** Notes that the record of a key has, or had, this version, so that older commits are not offered to Redis again. */
  function note(channel: string, key: string, version: number): void {
    watchers.note(channel, key, version);
    recent.note(key, version);
  }

  /** Returns the contents of a reply, and notes the record's version. */
  function seen(channel: string, key: string, reply: ScriptReply): ReturnType<typeof readingOf> {
    const reading = readingOf(reply);
    note(channel, key, reading.record?.version ?? 0);
    return reading;
  }

  /** Offers a commit to Redis again, which writes it only if Redis has lost it. */
  async function restore(record: WrittenRecord, anew: boolean): Promise<void> {
    const { key, id, value, version, base, expires, due } = record;
    const { hash, channel, due: dueSet, mark } = keyNames(keyPrefix, key);
    if (watchers.newestOf(channel, key) !== undefined) return; // Its session does this.
    const written = [id, value, String(version), String(base), expires, due, publish, key, anew ? '1' : ''];
    const [, , itsVersion] = await scripts.run(RESTORE, [hash, channel, dueSet, mark], written);
    note(channel, key, Number(itsVersion));
  }

  async function versionsOf(channel: string, keys: readonly string[]): Promise<ShardState> {
    const hashes = keys.map((key) => hashName(channel, key));
    const [, , , , origin = '', highest, ...versions] = await scripts.run(VERSIONS, [markName(channel), ...hashes], []);
    return { origin, highest: Number(highest), versions: versions.map(Number) };
  }

  /** Works even after `close()`: an unreleased lease would expire, and look like a lost refresh. */
  function release(key: string, id: string): Promise<ScriptReply> {
    const { hash, channel } = keyNames(keyPrefix, key);
    return scripts.run(RELEASE, [hash, channel], [id, publish, key]);
  }

  const storage: RedisStorage = {
    async read(key) {
      const { hash, channel } = namesOf(key);
      return seen(channel, key, await scripts.run(READ, [hash], []));
    },

    async lease(key, request) {
      const { hash, channel } = namesOf(key);
      assertLeaseRequest(request);
      const { owner, ttl, ifVersion } = request;
      assertWellFormed(owner, 'An `owner`');
      const id = randomUUID();
      const asked = [id, owner, durationOf(ttl), String(ifVersion)];
      const script = ifVersion === 0 ? LEASE_ALONE : LEASE;
      const reply = await scripts.run(script, [hash], asked, () => release(key, id).catch(() => {}));
      const [outcome, , , , until, abandoned] = reply;
      const reading = seen(channel, key, reply);
      switch (outcome) {
        case 'granted':
          return {
            outcome,
            lease: { key, owner, ttl, id },
            ...reading,
            until: Number(until),
            abandoned: abandoned === '1',
          };
        case 'held':
          return { outcome, ...reading, until: Number(until) };
        default:
          return { outcome: 'moved', ...reading };
      }
    },

    async renew({ key, id, ttl }) {
      const [outcome] = await scripts.run(RENEW, [namesOf(key).hash], [id, durationOf(ttl)]);
      return outcome === 'renewed';
    },

    async release({ key, id }) {
      namesOf(key);
      await release(key, id);
    },

    async commit(key, request) {
      const names = namesOf(key);
      assertCommitRequest(request);
      const { value, expectedVersion, expiresAt, dueAt } = request;
      assertWellFormed(value, 'A `value`');
      const id = randomUUID();
      const [expires, due] = [momentOf(expiresAt), momentOf(dueAt)];
      const asked = [id, value, String(expectedVersion), expires, due, publish, key];
      const script = expectedVersion === 0 ? CREATE : COMMIT;
      const reply = await scripts.run(script, [names.hash, names.channel, names.due, names.mark], asked);
      const [outcome, now, itsVersion, , base = expectedVersion] = reply;
      if (outcome !== 'committed') return { outcome: 'conflict', ...seen(names.channel, key, reply) };
      const version = Number(itsVersion);
      note(names.channel, key, version);
      if (!closed) recent.add({ key, id, value, version, base: Number(base), expires, due });
      return { outcome, version, now: Number(now) };
    },

    async due(request) {
      assertOpen();
      assertDueRequest(request);
      const { prefix, limit } = request;
      assertWellFormed(prefix, 'A `prefix`');
      const asked = [prefix, String(limit)];
      const replies = await Promise.all(dueNames(keyPrefix).map((name) => scripts.run(DUE, [name], asked)));
      const listed = replies.flatMap(listOf).sort((one, other) => one.at - other.at);
      const now = Math.max(...replies.map(([, time]) => Number(time)));
      return { keys: listed.slice(0, limit).map(({ key }) => key), now };
    },

    watch(key, listener) {
      const { channel } = namesOf(key);
      const unwatch = watchers.watch(channel, key, listener);
      hints.listen(channel);
      return unwatch;
    },

    doctor: () => diagnose(client, storage, () => hints.failure),

    async close() {
      if (closed) return;
      closed = true;
      hints.close();
      lostData.close();
      watchers.clear();
      recent.clear();
      scripts.close();
    },
  };
  return storage;
}

function checked(options: RedisStorageOptions): Required<RedisStorageOptions> {
  if (typeof options !== 'object' || options === null) refuse('takes an object of options: redisStorage({ client }).');
  for (const name of Object.keys(options)) {
    // With a misspelled name, sessions would silently be kept under the default prefix.
    if (!['client', 'keyPrefix', 'timeout'].includes(name)) {
      refuse(`has no option "${name}". It takes client, keyPrefix and timeout.`);
    }
  }
  const { client, keyPrefix = DEFAULT_PREFIX, timeout = DEFAULT_TIMEOUT } = options;
  assertClient(client);
  assertPrefix(keyPrefix);
  if (!(timeout > 0 && timeout < 2 ** 31)) refuse('needs a timeout above 0 ms, and below 2^31.');
  return { client, keyPrefix, timeout };
}

function refuse(complaint: string): never {
  throw new ConfigurationError('invalid_option', `redisStorage() ${complaint}`);
}

/** Returns the record and the time as parts of a reply; `record` is absent if there is none. */
function readingOf([, now, version, value]: ScriptReply): { readonly record?: StoredRecord; readonly now: number } {
  const reading = { now: Number(now) };
  if (value === null) return reading;
  const number = Number(version);
  if (typeof value !== 'string' || !(Number.isSafeInteger(number) && number > 0 && String(number) === version)) {
    throw new StorageError(
      'record_unreadable',
      'What Redis has under the key of this session was not written by this storage, or was changed since. It was left as it is: put it back, or delete the key, and the user signs in again.',
    );
  }
  return { record: { value, version: number }, ...reading };
}

/** Returns the keys in a reply, each with the time since when it is due. */
function listOf([, , , , ...more]: ScriptReply): { readonly key: string; readonly at: number }[] {
  const listed: { readonly key: string; readonly at: number }[] = [];
  for (let index = 0; index < more.length; index += 2) {
    listed.push({ key: more[index] as string, at: Number(more[index + 1]) });
  }
  return listed;
}

/** Returns a time of a commit as scripts take it; empty: never. */
function momentOf(time = Number.POSITIVE_INFINITY): string {
  return time > LAST_MOMENT ? '' : String(Math.max(0, Math.floor(time)));
}

/** Returns a `ttl` as scripts take it, small enough that Redis can add it to its time without losing precision. */
function durationOf(ttl: number): string {
  return String(Math.min(ttl, LAST_MOMENT));
}

/** Rejects strings that are not well-formed. Redis takes bytes, and two such strings could become the same bytes. */
function assertWellFormed(text: string, what: string): void {
  if (!text.isWellFormed()) throw new StorageError('invalid_argument', `${what} must be well-formed Unicode.`);
}
