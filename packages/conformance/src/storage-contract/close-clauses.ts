import assert from 'node:assert/strict';
import { range } from '../range.js';
import { assertStorageError, failureOf } from './error-clauses.js';
import { assertRecord, type Clause, grant, KEY, LONG, waitUntil, write } from './storage-fixture.js';

export const closeClauses: readonly Clause[] = [
  {
    id: 'close.after',
    rule: 'After `close()`, every call rejects with a StorageError, and `watch` throws one.',
    async prove({ storage }) {
      const { lease } = await grant(storage, 'one');
      await storage.close();
      const calls: Record<string, () => Promise<unknown>> = {
        read: () => storage.read(KEY),
        lease: () => storage.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 }),
        renew: () => storage.renew(lease),
        release: () => storage.release(lease),
        commit: () => storage.commit(KEY, { value: 'value', expectedVersion: 0 }),
        due: () => storage.due({ prefix: '', limit: 1 }),
      };
      for (const [name, call] of Object.entries(calls)) assertStorageError(await failureOf(call), `\`${name}\``);
      assertStorageError(await failureOf(async () => storage.watch(KEY, () => {})), '`watch`');
    },
  },
  {
    id: 'close.during',
    rule: 'Calls in progress when the storage is closed resolve, or reject with a StorageError.',
    async prove(fixture) {
      const { storage } = fixture;
      const failures: unknown[] = [];
      let ended = 0;
      const calls = range(0, 50).map(async (turn) => {
        const key = `${KEY}-${turn}`;
        const call =
          turn % 2 === 0
            ? () => storage.commit(key, { value: 'value', expectedVersion: 0 })
            : () => storage.lease(key, { owner: 'one', ttl: LONG, ifVersion: 0 });
        failures.push(await failureOf(call));
        ended += 1;
      });
      await storage.close();
      assert.ok(
        await waitUntil(fixture, () => ended === calls.length),
        `Of ${calls.length} calls under way, ${calls.length - ended} had no end after the storage was closed.`,
      );
      await Promise.all(calls);
      for (const failure of failures) {
        if (failure !== undefined) assertStorageError(failure, 'A call that was under way');
      }
    },
  },
  {
    id: 'close.twice',
    rule: '`close()` may be called twice, even before the first call has resolved.',
    async prove({ storage }) {
      await write(storage, KEY, 'value');
      await Promise.all([storage.close(), storage.close()]);
      await storage.close();
    },
  },
  {
    id: 'close.watchers',
    rule: 'After `close()`, no watcher is called, and one can still be stopped.',
    async prove({ storage, other, advance }) {
      let closed = false;
      let late = 0;
      const stop = storage.watch(KEY, () => {
        if (closed) late += 1;
      });
      void failureOf(() => storage.commit(KEY, { value: 'value', expectedVersion: 0 }));
      await storage.close();
      closed = true;
      await failureOf(() => other.commit(`${KEY}:2`, { value: 'value', expectedVersion: 0 }));
      await failureOf(async () => other.release((await grant(other, 'one')).lease));
      await advance(100);
      assert.equal(late, 0, 'How often a watcher was called after the storage was closed:');
      stop();
    },
  },
  {
    id: 'close.own-handle',
    rule: 'Closing one handle on the records affects neither the records nor other handles.',
    async prove({ storage, other }) {
      const version = await write(other, KEY, 'value');
      if (other !== storage) await other.close();
      assertRecord(await storage.read(KEY), 'value', version);
    },
  },
];
