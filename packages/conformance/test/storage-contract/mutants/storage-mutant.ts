import type { CommitReply, LeaseReply, StoredRecord, TokenStorage } from '@frameio-auth/core/adapter';
import type { ManualClock } from '@frameio-auth/testing';

/** A storage with one mistake. */
export interface StorageMutant {
  /** The clauses that must detect it; others may. */
  readonly breaks: readonly string[];
  /** Changes a working storage, which has this clock. */
  mutate(whole: TokenStorage, clock: ManualClock): Partial<TokenStorage>;
}

/** Mutants by what they do. */
export type StorageMutants = Readonly<Record<string, StorageMutant>>;

export const versionOf = (reply: { readonly record?: StoredRecord }): number => reply.record?.version ?? 0;

export function withoutRecord<Reply extends { readonly record?: StoredRecord }>({ record: _, ...rest }: Reply): Reply {
  return rest as Reply;
}

export function withEmptyRecord<Reply extends { readonly record?: StoredRecord }>(
  reply: Reply,
  record: unknown,
): Reply {
  return 'record' in reply ? reply : { ...reply, record: record as never };
}

/** Returns the storage with its keys mapped by `of`. */
export function rekeyed(whole: TokenStorage, of: (key: string) => string): Partial<TokenStorage> {
  return {
    read: (key) => whole.read(of(key)),
    lease: (key, request) => whole.lease(of(key), request),
    commit: (key, request) => whole.commit(of(key), request),
    watch: (key, listener) => whole.watch(of(key), listener),
  };
}

/** Returns the storage with another way of notifying watchers of releases. */
export function tellingOfReleases(
  whole: TokenStorage,
  tell: (listener: (version: number) => void) => void,
): Partial<TokenStorage> {
  let releasing = false;
  return {
    async release(lease) {
      releasing = true;
      await whole.release(lease);
      await whole.read(lease.key); // The watchers have been notified.
      releasing = false;
    },
    watch: (key, listener) => whole.watch(key, (version) => (releasing ? tell(listener) : listener(version))),
  };
}

/** The storage with its values rewritten as they are written. */
export function rewritten(whole: TokenStorage, to: (value: string) => string): Partial<TokenStorage> {
  return { commit: (key, { value, ...rest }) => whole.commit(key, { ...rest, value: to(value) }) };
}

/** The storage with each reply to `lease` changed. */
export function leasing(whole: TokenStorage, change: (reply: LeaseReply) => LeaseReply): Partial<TokenStorage> {
  return { lease: async (key, request) => change(await whole.lease(key, request)) };
}

/** The storage with `now` changed in every reply. */
export function timed(whole: TokenStorage, change: (now: number) => number): Partial<TokenStorage> {
  const see = <Reply extends { readonly now: number }>(reply: Reply): Reply => ({ ...reply, now: change(reply.now) });
  return {
    read: async (key) => see(await whole.read(key)),
    lease: async (key, request) => see(await whole.lease(key, request)),
    commit: async (key, request) => see(await whole.commit(key, request)),
  };
}

/** The storage with the keys that it lists as due changed. */
export function listing(
  whole: TokenStorage,
  change: (keys: readonly string[]) => readonly string[],
): Partial<TokenStorage> {
  return {
    async due(request) {
      const { keys, now } = await whole.due(request);
      return { keys: change(keys), now };
    },
  };
}

/** The storage with every `dueAt` changed. */
export function dueAtAnother(whole: TokenStorage, change: (dueAt: number) => number): Partial<TokenStorage> {
  return {
    commit: (key, { dueAt, ...request }) =>
      whole.commit(key, dueAt === undefined ? request : { ...request, dueAt: change(dueAt) }),
  };
}

/** Returns the storage with the versions of each key restarting from `first` if there is no record. */
export function beginningAgain(whole: TokenStorage, first: (now: number) => number): Partial<TokenStorage> {
  const before = new Map<string, number>();
  const shift = <Reply extends object>(key: string, reply: Reply): Reply => {
    if (!('record' in reply)) return reply;
    const { value, version } = reply.record as StoredRecord;
    return { ...reply, record: { value, version: version - (before.get(key) ?? 0) } };
  };
  const unshift = (key: string, version: number): number => (version === 0 ? 0 : version + (before.get(key) ?? 0));
  return {
    read: async (key) => shift(key, await whole.read(key)),
    lease: async (key, request) =>
      shift(key, await whole.lease(key, { ...request, ifVersion: unshift(key, request.ifVersion) })),
    async commit(key, request) {
      const reply = await whole.commit(key, { ...request, expectedVersion: unshift(key, request.expectedVersion) });
      if (reply.outcome === 'conflict') return shift(key, reply);
      if (request.expectedVersion === 0) before.set(key, reply.version - first(reply.now));
      return { ...reply, version: reply.version - (before.get(key) ?? 0) };
    },
  };
}

/** Commits over the current version, whatever was expected. */
export async function commitAnyway(
  whole: TokenStorage,
  key: string,
  request: Parameters<TokenStorage['commit']>[1],
): Promise<CommitReply> {
  const reply = await whole.commit(key, request);
  if (reply.outcome === 'committed') return reply;
  return commitAnyway(whole, key, { ...request, expectedVersion: versionOf(reply) });
}
