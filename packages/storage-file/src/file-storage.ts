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
import { directoryWatch, touchFolder } from './directory-watch.js';
import { storageErrorOf } from './disk-failure.js';
import { dueKeys } from './due-sessions.js';
import { removeExpired } from './expired-sessions.js';
import { assertTrustedParents, isPrivateDirectory, makePrivateDirectory } from './private-files.js';
import { highestRemovedVersion } from './removed-versions.js';
import { createFolder, folderName, type Revision, readRevision, replaceRevision } from './revision-folder.js';
import { newHintId, withHints } from './session-hints.js';
import { type SessionState, UNUSED } from './session-state.js';

export interface FileStorageOptions {
  /**
   * The directory of the files, on a local disk and for this storage alone. Created when something is first written or
   * watched. Default: the platform's directory for application data, see the README.
   */
  readonly directory?: string;
  /** The clock for replies, leases and expiry. Default: the system's clock. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** The outcome of a call: its reply, and the state that must replace the one it read for the reply to be true. */
interface Decision<Reply> {
  readonly reply: Reply;
  readonly next?: SessionState;
  /** Whether to notify watchers. */
  readonly notifies?: boolean;
}

/**
 * Creates a storage that keeps records in files. All processes of a host that use the same directory share it. It is
 * safe against a crash of any of them at any moment.
 *
 * @throws ConfigurationError `invalid_option` if the directory is not a path
 * @throws StorageError `storage_closed` after `close()`; `invalid_argument` for values that cannot be stored;
 *   `permissions_too_open`, `foreign_owner` and `parent_too_open` if other users could access the files;
 *   `record_unreadable` and `record_too_new` for an unknown file format; `no_default_directory`; or the system's code
 *   (`ENOSPC`, `EROFS`, …). Methods that return a promise reject with it; `watch` throws it.
 */
export function fileStorage(options: FileStorageOptions = {}): TokenStorage {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(
      'invalid_option',
      'fileStorage() takes an object of options: fileStorage({ directory }).',
    );
  }
  for (const name of Object.keys(options)) {
    // With a misspelled name, the tokens would silently go to the default directory.
    if (name === 'directory' || name === 'clock') continue;
    throw new ConfigurationError(
      'invalid_option',
      `fileStorage() has no option "${name}". It takes directory and clock.`,
    );
  }
  const { directory, clock = systemClock() } = options;
  const named = directory === undefined ? undefined : pathOf(directory);
  const listeners = new Map<string, Set<(version: number) => void>>(); // By the name of the session's folder.
  const inFlight = new Set<Promise<unknown>>();
  let trusted = false;
  let closed = false;

  function assertOpen(): void {
    if (closed)
      throw new StorageError('storage_closed', 'The file storage was closed. Close it after the last session.');
  }

  /** Runs a call that `close()` waits for. It rejects only with a `StorageError`. */
  async function call<Reply>(work: (directory: string) => Promise<Reply>): Promise<Reply> {
    assertOpen();
    const working = withDirectory(work);
    inFlight.add(working);
    try {
      return await working;
    } finally {
      inFlight.delete(working);
    }
  }

  async function withDirectory<Reply>(work: (directory: string) => Promise<Reply>): Promise<Reply> {
    const place = named ?? (await defaultDirectory());
    try {
      // Checked once, as a login does. Only their owners can change the folders above later.
      if (!trusted) await assertTrustedParents(place);
      trusted = true;
      return await work(place);
    } catch (error) {
      throw storageErrorOf(error, place);
    }
  }

  /** Reads, decides and writes, until no other process has written in between. */
  async function change<Reply>(
    key: string,
    decide: (state: SessionState, now: number) => Decision<Reply>,
  ): Promise<Reply> {
    return call(async (place) => {
      const name = nameOf(key);
      for (;;) {
        const head = await latest(place, name);
        const begun = head === undefined ? { ...UNUSED, version: await highestRemovedVersion(place) } : UNUSED;
        const now = clock.now();
        const { reply, next, notifies = false } = decide(asOf(now, head?.state ?? begun), now);
        if (next === undefined) return reply;
        if (!(await advance(place, name, head, next, now))) continue;
        if (head === undefined) await removeExpired(place, now).catch(() => {});
        if (notifies) {
          notify(name, versionOf(next));
          await touchFolder(join(place, name));
        }
        return reply;
      }
    });
  }

  /** Calls each listener in its own microtask, so that none runs inside a caller or stops another by throwing. */
  function notify(name: string, version: number): void {
    for (const listener of listeners.get(name) ?? []) {
      void Promise.resolve().then(() => {
        if (listeners.get(name)?.has(listener)) listener(version);
      });
    }
  }

  /** A change by another process reports only the name, so the session is read. A failure only loses a hint. */
  const others = directoryWatch((changed) => {
    for (const name of changed === null ? listeners.keys() : [changed]) {
      if (!listeners.has(name)) continue;
      call(async (place) => {
        const head = await latest(place, name);
        notify(name, versionOf(asOf(clock.now(), head?.state ?? UNUSED)));
      }).catch(() => {});
    }
  });

  return {
    read: async (key) =>
      call(async (place) => {
        const head = await latest(place, nameOf(key));
        const now = clock.now();
        return { ...recordOf(asOf(now, head?.state ?? UNUSED)), now };
      }),

    async lease(key, request) {
      assertLeaseRequest(request);
      const { owner, ttl, ifVersion } = request;
      return change<LeaseReply>(key, (state, now) => {
        const seen = { ...recordOf(state), now };
        if (versionOf(state) !== ifVersion) return { reply: { outcome: 'moved', ...seen } };
        const last = state.lease;
        if (last !== null && last.owner !== owner && now < last.until) {
          // If the clock was set back, a lease must not last longer than it was granted for.
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
        return { reply: undefined, next: { ...state, lease: null }, notifies: true };
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
          notifies: true,
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
      const call = (version: number) => listener(version); // A new function, so that the same listener can watch twice.
      listeners.set(name, ofKey.add(call));
      void withDirectory((place) => others.start(place)).catch(() => {});
      return () => {
        if (ofKey.delete(call) && ofKey.size === 0) listeners.delete(name);
      };
    },

    async close() {
      closed = true;
      others.stop();
      await Promise.allSettled(inFlight);
      listeners.clear();
    },
  };
}

async function latest(directory: string, name: string): Promise<Revision | undefined> {
  return (await isPrivateDirectory(directory)) ? readRevision(join(directory, name)) : undefined;
}

async function advance(
  directory: string,
  name: string,
  head: Revision | undefined,
  next: SessionState,
  now: number,
): Promise<boolean> {
  const folder = join(directory, name);
  if (head === undefined) await makePrivateDirectory(directory);
  return withHints(directory, name, head?.state, next, now, () =>
    head === undefined ? createFolder(directory, folder, next) : replaceRevision(folder, head, next),
  );
}

/** Returns the current state: without an expired record, but with its version. */
function asOf(now: number, state: SessionState): SessionState {
  const { record } = state;
  return record === null || record.expiresAt === null || now < record.expiresAt ? state : { ...state, record: null };
}

/** Returns the version of the record, or 0 if there is none. */
function versionOf({ record, version }: SessionState): number {
  return record === null ? 0 : version;
}

/** Returns the record as part of a reply; the field is absent if there is none. */
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
