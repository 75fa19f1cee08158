import { ConfigurationError } from '@frameio-auth/core';

/** The Redis names of one session. */
export interface KeyNames {
  /** The hash of the session, which is the only key that it has for itself. */
  readonly hash: string;
  /** The channel for changes of the session, and of others in the same shard. */
  readonly channel: string;
  /** The sorted set of the key prefixes that have due records in the shard. Each prefix has a set of its own. */
  readonly due: string;
  /** The hash with the highest version that any session of the shard was given. */
  readonly mark: string;
}

export const DEFAULT_PREFIX = 'frameio-auth:';

/**
 * The number of shards that a cluster distributes. Each has one channel, so this limits the subscriptions of a process.
 */
const SHARDS = 64;

/**
 * Returns the names of a session's hash and channel, and of its shard's other keys: `frameio-auth:{17}:<key>`,
 * `frameio-auth:{17}`, `frameio-auth:{17}.due` (and after a colon, a set for each prefix of keys) and
 * `frameio-auth:{17}.mark`. This storage has no other keys in Redis.
 *
 * The braces are a hash tag: all four are in one slot of a cluster, as scripts and sharded channels require. The shard
 * follows from the key, so that the sessions are spread over the nodes of a cluster. Names are the same without a
 * cluster, so sessions can move to one unchanged.
 */
export function keyNames(prefix: string, key: string): KeyNames {
  const channel = channelOf(prefix, shardOf(key));
  return { hash: hashName(channel, key), channel, due: dueOf(channel), mark: markName(channel) };
}

/** Returns the name of a session's hash, from the channel of its shard. */
export function hashName(channel: string, key: string): string {
  return `${channel}:${key}`;
}

/** Returns the name of a shard's mark, from its channel. */
export function markName(channel: string): string {
  return `${channel}.mark`;
}

/** Returns the names of the due sets of all shards. */
export function dueNames(prefix: string): readonly string[] {
  return Array.from({ length: SHARDS }, (_, shard) => dueOf(channelOf(prefix, shard)));
}

/**
 * Computes FNV-1a over UTF-16: it spreads keys evenly, and takes a tenth of the time of a hash that also withstands
 * attackers.
 */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SHARDS - 1);
}

function channelOf(prefix: string, shard: number): string {
  return `${prefix}{${shard}}`;
}

function dueOf(channel: string): string {
  return `${channel}.due`;
}

/**
 * @throws ConfigurationError `invalid_option`
 */
export function assertPrefix(prefix: unknown): asserts prefix is string {
  if (typeof prefix === 'string' && prefix.isWellFormed()) return;
  throw new ConfigurationError('invalid_option', 'keyPrefix must be a string, such as "my-app:frameio-auth:".');
}
