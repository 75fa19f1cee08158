import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { ConfigurationError, StorageError } from '@frameio-auth/core';
import {
  assertCommitRequest,
  assertDueRequest,
  assertKey,
  assertLeaseRequest,
  type Clock,
  type CommitReply,
  type LeaseReply,
  type StoredRecord,
  systemClock,
  type TokenStorage,
} from '@frameio-auth/core/adapter';
import { defaultDirectory } from './default-directory.js';
import { directoryWatch, ring } from './directory-watch.js';
import { storageErrorOf } from './disk-failure.js';
import { dueKeys } from './due-sessions.js';
import { forgetSome } from './forgotten-sessions.js';
import { assertTrustedParents, isPrivateDirectory, makePrivateDirectory } from './private-files.js';
import { beginFolder, folderName, type Head, readHead, replaceHead } from './revision-folder.js';
import { newHintId, withHints } from './session-hints.js';
import { NOTHING, type SessionState } from './session-state.js';
import { forgottenVersion } from './version-mark.js';

export interface FileStorageOptions {
  /**
   * Where the files are: a directory on a disk of this host, for this storage alone. It is made when something is first
   * written or watched. Default: the place where the platform keeps the data of applications, see the README.
   */
  readonly directory?: string;
  /** Tells the time, in replies and for leases and expiry. Default: the system's clock. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** What a call wants: its reply, and the state that must stand in the place of the one it saw for the reply to be true. */
interface Decision<Reply> {
  readonly reply: Reply;
  readonly next?: SessionState;
  /** Whether those who watch are to hear of it. */
  readonly telling?: boolean;
}

/**
 * Records in files: shared by all processes of one host that are given the same directory, and safe against crashes of
 * each of them at any moment.
 *
 * @throws ConfigurationError `invalid_option` for a directory that is no path
 * @throws StorageError `storage_closed` after `close()`, `invalid_argument` for what no storage could keep,
 *   `permissions_too_open`, `foreign_owner` and `parent_too_open` where other users could get at the files, `record_unreadable` and
 *   `record_too_new` for a file that is not understood, `no_default_directory`, or the system's own code (`ENOSPC`,
 *   `EROFS`, …). Methods that return a promise reject with it; `watch` throws it.
 */
export function fileStorage(options: FileStorageOptions = {}): TokenStorage {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(
      'invalid_option',
      'fileStorage() takes an object of options: fileStorage({ directory }).',
    );
  }
  for (const name of Object.keys(options)) {
    // With a wrong name the tokens would go to the default directory, and nobody would know.
    if (name === 'directory' || name === 'clock') continue;
    throw new ConfigurationError(
      'invalid_option',
      `fileStorage() has no option "${name}". It takes directory and clock.`,
    );
  }
  const { directory, clock = systemClock() } = options;
  const named = directory === undefined ? undefined : pathOf(directory);
  const listeners = new Map<string, Set<(version: number) => void>>(); // By the name of the session's folder.
  const underWay = new Set<Promise<unknown>>();
  let trusted = false;
  let closed = false;

  function assertOpen(): void {
    if (closed)
      throw new StorageError('storage_closed', 'The file storage was closed. Close it after the last session.');
  }

  /** A call that `close()` waits for, and that fails with a `StorageError` or not at all. */
  async function call<Reply>(work: (directory: string) => Promise<Reply>): Promise<Reply> {
    assertOpen();
    const working = inDirectory(work);
    underWay.add(working);
    try {
      return await working;
    } finally {
      underWay.delete(working);
    }
  }

  async function inDirectory<Reply>(work: (directory: string) => Promise<Reply>): Promise<Reply> {
    const place = named ?? (await defaultDirectory());
    try {
      // Once, as a login does: the folders above are nobody's to change later but their owners'.
      if (!trusted) await assertTrustedParents(place);
      trusted = true;
      return await work(place);
    } catch (error) {
      throw storageErrorOf(error, place);
    }
  }

  /** Reads, decides and writes, again and again until nobody else wrote in between. */
  async function change<Reply>(
    key: string,
    decide: (state: SessionState, now: number) => Decision<Reply>,
  ): Promise<Reply> {
    return call(async (place) => {
      const name = nameOf(key);
      for (;;) {
        const head = await latest(place, name);
        const begun = head === undefined ? { ...NOTHING, version: await forgottenVersion(place) } : NOTHING;
        const now = clock.now();
        const { reply, next, telling = false } = decide(asOf(now, head?.state ?? begun), now);
        if (next === undefined) return reply;
        if (!(await advance(place, name, head, next, now))) continue;
        if (head === undefined) await forgetSome(place, now).catch(() => {});
        if (telling) {
          tell(name, versionOf(next));
          await ring(join(place, name));
        }
        return reply;
      }
    });
  }

  /** Calls the listeners, each in a microtask of its own: none runs inside a caller, or stops another by throwing. */
  function tell(name: string, version: number): void {
    for (const listener of listeners.get(name) ?? []) {
      void Promise.resolve().then(() => {
        if (listeners.get(name)?.has(listener)) listener(version);
      });
    }
  }

  /** What another process changed is known by name alone, so it is read; what fails is only a hint lost. */
  const others = directoryWatch((changed) => {
    for (const name of changed === null ? listeners.keys() : [changed]) {
      if (!listeners.has(name)) continue;
      call(async (place) => {
        const head = await latest(place, name);
        tell(name, versionOf(asOf(clock.now(), head?.state ?? NOTHING)));
      }).catch(() => {});
    }
  });

  return {
    read: async (key) =>
      call(async (place) => {
        const head = await latest(place, nameOf(key));
        const now = clock.now();
        return { ...recordOf(asOf(now, head?.state ?? NOTHING)), now };
      }),

    async lease(key, request) {
      assertLeaseRequest(request);
      const { owner, ttl, ifVersion } = request;
      return change<LeaseReply>(key, (state, now) => {
        const seen = { ...recordOf(state), now };
        if (versionOf(state) !== ifVersion) return { reply: { outcome: 'moved', ...seen } };
        const last = state.lease;
        if (last !== null && last.owner !== owner && now < last.until) {
          // A clock that was put back must not make a lease last for longer than it was granted for.
          const until = Math.min(last.until, now + (last.ttl ?? Infinity));
          const reply: LeaseReply = { outcome: 'held', ...seen, until };
          return until === last.until ? { reply } : { reply, next: { ...state, lease: { ...last, until } } };
        }
        const id = randomUUID();
        const until = now + ttl;
        const abandoned = last !== null && now >= last.until;
        return {
          reply: { outcome: 'granted', lease: { key, owner, ttl, id }, ...seen, until, abandoned },
          next: { ...state, lease: { id, owner, until, ttl } },
        };
      });
    },

    renew: async ({ key, id, ttl }) =>
      change(key, (state, now) => {
        if (state.lease?.id !== id) return { reply: false };
        return { reply: true, next: { ...state, lease: { ...state.lease, until: now + ttl } } };
      }),

    release: async ({ key, id }) =>
      change(key, (state) => {
        if (state.lease?.id !== id) return { reply: undefined };
        return { reply: undefined, next: { ...state, lease: null }, telling: true };
      }),

    async commit(key, request) {
      assertCommitRequest(request);
      const { value, expectedVersion, expiresAt = Infinity, dueAt = Infinity } = request;
      return change<CommitReply>(key, (state, now) => {
        if (versionOf(state) !== expectedVersion) return { reply: { outcome: 'conflict', ...recordOf(state), now } };
        const version = Math.max(state.version + 1, Math.floor(now));
        const record = {
          value,
          expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
          ...(Number.isFinite(dueAt) && { due: { at: dueAt, key, hint: newHintId() } }),
        };
        return {
          reply: { outcome: 'committed', version, now },
          next: { version, record, lease: null },
          telling: true,
        };
      });
    },

    async due(request) {
      assertDueRequest(request);
      const { prefix, limit } = request;
      return call(async (place) => {
        const now = clock.now();
        const keys: string[] = [];
        for await (const key of dueKeys(place, now)) {
          if (key.startsWith(prefix)) keys.push(key);
          if (keys.length === limit) break;
        }
        return { keys, now };
      });
    },

    watch(key, listener) {
      assertOpen();
      const name = nameOf(key);
      const ofKey = listeners.get(name) ?? new Set<(version: number) => void>();
      const call = (version: number) => listener(version); // Its own function, so that the same listener can watch twice.
      listeners.set(name, ofKey.add(call));
      void inDirectory((place) => others.start(place)).catch(() => {});
      return () => {
        if (ofKey.delete(call) && ofKey.size === 0) listeners.delete(name);
      };
    },

    async close() {
      closed = true;
      others.stop();
      await Promise.allSettled(underWay);
      listeners.clear();
    },
  };
}

async function latest(directory: string, name: string): Promise<Head | undefined> {
  return (await isPrivateDirectory(directory)) ? readHead(join(directory, name)) : undefined;
}

async function advance(
  directory: string,
  name: string,
  head: Head | undefined,
  next: SessionState,
  now: number,
): Promise<boolean> {
  const folder = join(directory, name);
  if (head === undefined) await makePrivateDirectory(directory);
  return withHints(directory, name, head?.state, next, now, () =>
    head === undefined ? beginFolder(directory, folder, next) : replaceHead(folder, head, next),
  );
}

/** The state as it is now: an expired record is gone, and its version remembered. */
function asOf(now: number, state: SessionState): SessionState {
  const { record } = state;
  return record === null || record.expiresAt === null || now < record.expiresAt ? state : { ...state, record: null };
}

/** The version of the record, or 0 when there is none. */
function versionOf({ record, version }: SessionState): number {
  return record === null ? 0 : version;
}

/** The record as a part of a reply, which has no such field when there is none. */
function recordOf({ record, version }: SessionState): { readonly record?: StoredRecord } {
  return record === null ? {} : { record: { value: record.value, version } };
}

function nameOf(key: string): string {
  assertKey(key);
  return folderName(key);
}

function pathOf(directory: unknown): string {
  if (typeof directory === 'string' && directory !== '' && !directory.includes('\0')) return resolve(directory);
  throw new ConfigurationError('invalid_option', 'directory must be the path of a directory, or left out.');
}
