import { type StorageUnderTest, storageContract } from '@frameio-auth/conformance';
import { StorageError } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it, vi } from 'vitest';
import { mutants } from './mutants/index.js';

/** Returns a handle that can be closed separately, on records that others use too. */
function handleOn(records: TokenStorage): TokenStorage {
  const stops: (() => void)[] = [];
  let closed = false;
  const assertOpen = (): void => {
    if (closed) throw new StorageError('storage_closed', 'This handle was closed.');
  };
  const open = async <Reply>(call: () => Promise<Reply>): Promise<Reply> => {
    assertOpen();
    return call();
  };
  return {
    read: (key) => open(() => records.read(key)),
    lease: (key, request) => open(() => records.lease(key, request)),
    renew: (lease) => open(() => records.renew(lease)),
    release: (lease) => open(() => records.release(lease)),
    commit: (key, request) => open(() => records.commit(key, request)),
    due: (request) => open(() => records.due(request)),
    watch(key, listener) {
      assertOpen();
      const stop = records.watch(key, listener);
      stops.push(stop);
      return stop;
    },
    async close() {
      closed = true;
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** Two handles on records in memory, with mistakes in either or between them. */
function underTest(storageOf: (records: TokenStorage) => TokenStorage = handleOn): StorageUnderTest {
  const clock = manualClock();
  const records = memoryStorage({ clock });
  const another = vi.fn(async () => storageOf(records));
  return { storage: storageOf(records), another, advance: (ms) => clock.advance(ms), dispose: () => records.close() };
}

/** Returns the ids of the clauses that a storage breaks. */
async function brokenBy(create: () => Promise<StorageUnderTest>): Promise<string[]> {
  const clauses = storageContract({ name: 'a mutant', create });
  const outcomes = await Promise.all(
    clauses.map(({ id, check }) =>
      check().then(
        () => [],
        () => [id],
      ),
    ),
  );
  return outcomes.flat();
}

describe('the storage contract', () => {
  it('has clauses with ids of their own, and a sentence for each', () => {
    const clauses = storageContract({ name: 'a storage', create: async () => underTest() });
    const ids = clauses.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, rule } of clauses) {
      expect(id).toMatch(/^[a-z]+\.[a-z-]+$/);
      expect(rule).toMatch(/^[A-Z`].*[a-z`]\.$/);
    }
  });

  it('is kept by two handles on the same records', async () => {
    expect(await brokenBy(async () => underTest())).toEqual([]);
  });

  it('is kept by a storage on a machine so busy that seconds pass with each call, and a broken one is found there too', async () => {
    const PACE = 3_000;
    const brokenAtThatPace = (breakIt: (storage: TokenStorage) => Partial<TokenStorage>) =>
      brokenBy(async () => {
        const clock = manualClock();
        const records = memoryStorage({ clock });
        const whole: TokenStorage = { ...records, ...breakIt(records) };
        const slowly = async <Reply>(call: () => Promise<Reply>): Promise<Reply> => {
          const reply = await call();
          await clock.advance(PACE);
          return reply;
        };
        const storage: TokenStorage = {
          ...whole,
          read: (key) => slowly(() => whole.read(key)),
          lease: (key, request) => slowly(() => whole.lease(key, request)),
          commit: (key, request) => slowly(() => whole.commit(key, request)),
          due: (request) => slowly(() => whole.due(request)),
        };
        return { storage, advance: (ms) => clock.advance(ms), dispose: () => records.close() };
      });
    const withShortLives = ['expiry.anew', 'expiry.lease', 'due.not-yet'];
    const shortLivesBroken = async (breakIt: (storage: TokenStorage) => Partial<TokenStorage>) =>
      (await brokenAtThatPace(breakIt)).filter((id) => withShortLives.includes(id));

    expect(await shortLivesBroken(() => ({}))).toEqual([]);
    // It grants no lease on a record with an expiry, expires at the first deadline, and lists records that are not yet
    // due.
    const faulty = (storage: TokenStorage): Partial<TokenStorage> => ({
      lease: async (key, request) => {
        const { record, now } = await storage.read(key);
        return request.ifVersion === 0
          ? storage.lease(key, request)
          : { outcome: 'moved', now, ...(record && { record }) };
      },
      commit: (key, { expiresAt = 0, ...request }) => storage.commit(key, { ...request, expiresAt }),
      due: async (request) => ({ ...(await storage.due(request)), keys: ['a/fictional/soon'] }),
    });
    expect(await shortLivesBroken(faulty)).toEqual(withShortLives);
  });

  it('makes a storage for each clause, and disposes of it, whether the clause was kept or broken', async () => {
    const dispose = vi.fn(async () => {});
    const create = vi.fn(async () => ({ ...underTest(), dispose }));
    const clauses = storageContract({ name: 'a storage', create });
    expect(create).not.toHaveBeenCalled();
    await clauses[0]?.check();
    expect(create).toHaveBeenCalledTimes(1);
    expect(dispose).toHaveBeenCalledTimes(1);
    create.mockImplementation(async () => {
      const made = underTest();
      return { ...made, storage: { ...made.storage, read: async () => ({ record: null as never, now: 0 }) }, dispose };
    });
    await expect(clauses[0]?.check()).rejects.toThrow(Error);
    expect(dispose).toHaveBeenCalledTimes(2);
  });

  it('says which storage broke which rule, and how', async () => {
    const clauses = storageContract({
      name: 'forgetfulStorage',
      create: async () => underTest((records) => ({ ...records, read: async () => ({ now: Date.now() }) })),
    });
    const clause = clauses.find(({ id }) => id === 'commit.first');
    await expect(clause?.check()).rejects.toThrow(
      /^forgetfulStorage breaks commit\.first\. A commit that expects version 0 writes .*The record in the reply/s,
    );
  });

  it('passes on that a storage could not be made', async () => {
    const create = () => Promise.reject(new Error('The server is not there.'));
    const [clause] = storageContract({ name: 'a storage', create });
    await expect(clause?.check()).rejects.toThrow('The server is not there.');
  });
});

describe('the contract detects a storage that', () => {
  const found = new Set<string>();

  it.each(Object.entries(mutants))('%s', async (_, { breaks, mutate }) => {
    const broken = await brokenBy(async () => {
      const clock = manualClock();
      const whole = memoryStorage({ clock });
      const storage: TokenStorage = { ...whole, ...mutate(whole, clock) };
      return { storage, advance: (ms) => clock.advance(ms), dispose: () => whole.close() };
    });
    for (const id of broken) found.add(id);
    expect(broken).toEqual(expect.arrayContaining([...breaks]));
  });

  it('has other records for each handle', async () => {
    const broken = await brokenBy(async () => ({ ...underTest(), another: async () => memoryStorage() }));
    expect(broken).toEqual(expect.arrayContaining(['read.record', 'commit.one-winner', 'lease.one-holder', 'key.any']));
  });

  it('tells watchers of what their own handle did alone', async () => {
    const broken = await brokenBy(async () =>
      underTest((records) => {
        const listeners: ((version: number) => void)[] = [];
        return {
          ...handleOn(records),
          watch: (_, listener) => {
            listeners.push(listener);
            return () => {};
          },
          async commit(key, request) {
            const reply = await records.commit(key, request);
            if (reply.outcome === 'committed') for (const listener of listeners) listener(reply.version);
            return reply;
          },
        };
      }),
    );
    expect(broken).toEqual(expect.arrayContaining(['watch.commit']));
  });

  it('tells all of commits, and late, and one handle of no release of the other', async () => {
    interface Watch {
      readonly handle: object;
      readonly key: string;
      readonly listener: (version: number) => void;
    }
    const broken = await brokenBy(async () => {
      const watches: Watch[] = [];
      let deaf: object | undefined;
      const tell = (key: string, version: number, mayHear: (handle: object) => boolean) => {
        for (const watch of watches) if (watch.key === key && mayHear(watch.handle)) watch.listener(version);
      };
      return underTest((records) => {
        const handle = handleOn(records);
        deaf ??= handle;
        return {
          ...handle,
          async commit(key, request) {
            const reply = await handle.commit(key, request);
            // Watchers that exist by then are notified, too.
            if (reply.outcome === 'committed') setTimeout(tell, 5, key, reply.version, () => true);
            return reply;
          },
          async release(lease) {
            await handle.release(lease);
            const { record } = await records.read(lease.key);
            tell(lease.key, record?.version ?? 0, (heard) => heard === handle || heard !== deaf);
          },
          watch(key, listener) {
            watches.push({ handle, key, listener });
            return () => {};
          },
        };
      });
    });
    expect(broken).toContain('watch.release');
  });

  it('closes all handles with one', async () => {
    const broken = await brokenBy(async () => underTest((records) => ({ ...records })));
    for (const id of broken) found.add(id);
    expect(broken).toEqual(['close.own-handle']);
  });

  it('breaks each of the clauses: one of the mutants above breaks it', () => {
    const ids = storageContract({ name: 'a storage', create: async () => underTest() }).map(({ id }) => id);
    expect(ids.filter((id) => !found.has(id))).toEqual([]);
  });
});
