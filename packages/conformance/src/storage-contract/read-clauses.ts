import assert from 'node:assert/strict';
import {
  assertNoRecord,
  assertRecord,
  type Clause,
  grant,
  KEY,
  LONG,
  PAST_SHORT,
  SHORT,
  write,
} from './storage-fixture.js';

/** A time in milliseconds since the epoch is beyond this since 2001; one in seconds will not be for 30,000 years. */
const AUTUMN_OF_2001 = 1e12;

export const readClauses: readonly Clause[] = [
  {
    id: 'read.absent',
    rule: 'The reply for a key without a record has no `record` member.',
    async prove({ storage, other }) {
      assertNoRecord(await storage.read(KEY));
      assertNoRecord(await other.read(KEY));
    },
  },
  {
    id: 'read.record',
    rule: 'A read returns the value and the version of the last commit, through any handle.',
    async prove({ storage, other }) {
      const first = await write(storage, KEY, 'first');
      assertRecord(await storage.read(KEY), 'first', first);
      assertRecord(await other.read(KEY), 'first', first);
      const second = await write(other, KEY, 'second', { expectedVersion: first });
      assertRecord(await storage.read(KEY), 'second', second);
      assertRecord(await other.read(KEY), 'second', second);
    },
  },
  {
    id: 'read.copy',
    rule: 'Changing a reply changes nothing in the storage.',
    async prove({ storage }) {
      const version = await write(storage, KEY, 'as it was');
      const { record } = await storage.read(KEY);
      Reflect.set(record ?? {}, 'value', 'changed');
      Reflect.set(record ?? {}, 'version', version + 7);
      assertRecord(await storage.read(KEY), 'as it was', version);
    },
  },
  {
    id: 'now.replies',
    rule: 'Every reply has `now`, in milliseconds since the Unix epoch, and it never goes back.',
    async prove({ storage, other }) {
      let last = AUTUMN_OF_2001;
      const see = <Reply extends { readonly now: number }>(reply: Reply): Reply => {
        assert.equal(typeof reply.now, 'number', 'The type of `now`:');
        assert.ok(reply.now >= last, `\`now\` is ${reply.now}, where at least ${last} was expected.`);
        last = reply.now;
        return reply;
      };
      see(await storage.read(KEY));
      see(await other.read(KEY));
      see(await storage.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: 0 })); // granted
      see(await other.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 })); // held
      see(await storage.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: 7 })); // moved
      see(await other.commit(KEY, { value: 'value', expectedVersion: 0 }));
      see(await storage.commit(KEY, { value: 'value', expectedVersion: 0 })); // conflict
      see(await other.read(KEY));
    },
  },
  {
    id: 'now.passes',
    rule: 'Leases and records expire by the clock that `now` shows.',
    async prove({ storage, advance }) {
      const before = await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      const after = await storage.lease(KEY, { owner: 'two', ttl: SHORT, ifVersion: 0 });
      assert.equal(after.outcome, 'granted', `A lease of ${SHORT} ms, asked for after more than that:`);
      assert.ok(after.now >= before.until, `\`now\` is ${after.now}, but the lease ended at ${before.until}.`);
    },
  },
];
