import assert from 'node:assert/strict';
import { range } from '../range.js';
import {
  assertHeld,
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

const RIVALS = 50;

export const leaseClauses: readonly Clause[] = [
  {
    id: 'lease.granted',
    rule: 'A free lease is granted as requested, until `ttl` after `now`; the first lease of a key follows no abandoned one.',
    async prove({ storage }) {
      const { lease, until, now, abandoned } = await grant(storage, 'one', { ttl: 1234 });
      const { id, ...asked } = lease;
      assert.deepEqual(asked, { key: KEY, owner: 'one', ttl: 1234 }, 'The lease, but for its id:');
      assert.equal(typeof id, 'string', 'The type of its id:');
      assert.equal(until - now, 1234, 'The time from `now` to `until`:');
      assert.equal(abandoned, false, 'Whether a lease before the first one was abandoned:');
    },
  },
  {
    id: 'lease.reads',
    rule: 'A granted lease comes with the current record; if there is none, the reply has no `record` member.',
    async prove({ storage, other }) {
      const first = await grant(storage, 'one');
      assertNoRecord(first);
      const version = await write(storage, KEY, 'value', { lease: first.lease });
      assertRecord(await grant(other, 'two', { ifVersion: version }), 'value', version);
    },
  },
  {
    id: 'lease.held',
    rule: 'While one owner holds the lease, a request of another owner returns until when, and the record.',
    async prove({ storage, other }) {
      const version = await write(storage, KEY, 'value');
      const { until } = await grant(storage, 'one', { ifVersion: version });
      const reply = await other.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: version });
      assert.equal(reply.outcome, 'held', 'The lease that another has:');
      assert.equal(reply.until, until, 'Its end:');
      assertRecord(reply, 'value', version);
    },
  },
  {
    id: 'lease.held-absent',
    rule: 'A lease can be held on a key without a record; then the reply has no `record` member.',
    async prove({ storage, other }) {
      await grant(storage, 'one');
      const reply = await other.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 });
      assert.equal(reply.outcome, 'held', 'The lease that another has:');
      assertNoRecord(reply);
    },
  },
  {
    id: 'lease.one-holder',
    rule: 'Of many concurrent requests for a lease, one is granted, and the others return until when it is held.',
    async prove({ storage, other }) {
      const version = await write(storage, KEY, 'value');
      const replies = await Promise.all(
        range(0, RIVALS).map((rival) =>
          (rival % 2 === 0 ? storage : other).lease(KEY, { owner: `rival ${rival}`, ttl: LONG, ifVersion: version }),
        ),
      );
      const grants = replies.filter(({ outcome }) => outcome === 'granted');
      assert.equal(grants.length, 1, `The number of leases granted to ${RIVALS} who asked at once:`);
      const ends = new Set(replies.map((reply) => (reply.outcome === 'moved' ? 'moved' : reply.until)));
      assert.equal(ends.size, 1, 'The number of ends that the one lease has:');
    },
  },
  {
    id: 'lease.moved',
    rule: 'A request for a lease that names another version than the current one is not granted, and returns the current record.',
    async prove({ storage, other }) {
      const first = await write(storage, KEY, 'first');
      const second = await write(storage, KEY, 'second', { expectedVersion: first });
      for (const ifVersion of [0, first, second + 1]) {
        const reply = await other.lease(KEY, { owner: 'two', ttl: LONG, ifVersion });
        assert.equal(reply.outcome, 'moved', `A lease on version ${ifVersion}, the current one is ${second}:`);
        assertRecord(reply, 'second', second);
      }
      const { abandoned } = await grant(storage, 'one', { ifVersion: second }); // Those replies granted no lease.
      assert.equal(abandoned, false, 'Whether a lease before the first one was abandoned:');
    },
  },
  {
    id: 'lease.moved-absent',
    rule: 'A request for a lease on a record that does not exist returns `moved` without a `record` member.',
    async prove({ storage }) {
      const reply = await storage.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: 7 });
      assert.equal(reply.outcome, 'moved', 'A lease on version 7 of a key that has no record:');
      assertNoRecord(reply);
    },
  },
  {
    id: 'lease.moved-first',
    rule: 'If the record has moved on and the lease is held, the reply is `moved`, because then there is nothing to wait for.',
    async prove({ storage, other }) {
      const version = await write(storage, KEY, 'value');
      await grant(storage, 'one', { ifVersion: version });
      const reply = await other.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 });
      assert.equal(reply.outcome, 'moved', 'A lease that is held, asked for with an old version:');
      assertRecord(reply, 'value', version);
    },
  },
  {
    id: 'lease.expired',
    rule: 'A lease that was not renewed is free for other owners after its `ttl`.',
    async prove({ storage, other, advance }) {
      await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      const { lease } = await grant(other, 'two');
      assert.equal(lease.owner, 'two', 'The owner of the lease:');
      await assertHeld(storage, 'one');
    },
  },
  {
    id: 'lease.abandoned',
    rule: 'A lease that follows an expired one is reported as following an abandoned one, for the same owner or another.',
    async prove({ storage, other, advance }) {
      await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      const second = await grant(other, 'two', { ttl: SHORT });
      assert.equal(second.abandoned, true, 'Whether the lease of another owner, which time ended, was abandoned:');
      await advance(PAST_SHORT);
      const third = await grant(storage, 'two', { ttl: SHORT });
      assert.equal(third.abandoned, true, 'Whether the lease of the same owner, which time ended, was abandoned:');
    },
  },
  {
    id: 'lease.abandoned-last',
    rule: 'Only the lease right before counts as abandoned, not earlier ones.',
    async prove({ storage, other, advance }) {
      await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      await other.release((await grant(other, 'two')).lease);
      const { abandoned } = await grant(storage, 'three');
      assert.equal(abandoned, false, 'Whether a lease that was released was abandoned:');
    },
  },
  {
    id: 'lease.late-commit',
    rule: 'An expired lease no longer counts as abandoned once a commit has been made under it.',
    async prove({ storage, other, advance }) {
      const { lease } = await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      const version = await write(storage, KEY, 'late', { lease });
      const { abandoned } = await grant(other, 'two', { ifVersion: version });
      assert.equal(abandoned, false, 'Whether a lease that ended with a commit was abandoned:');
    },
  },
  {
    id: 'lease.same-owner',
    rule: 'The owner of a lease is granted a new one in its place; the old one is lost, but not abandoned.',
    async prove({ storage }) {
      const first = await grant(storage, 'one');
      const second = await grant(storage, 'one');
      assert.notEqual(second.lease.id, first.lease.id, 'The ids of two grants are the same:');
      assert.equal(second.abandoned, false, 'Whether the lease that was replaced was abandoned:');
      assert.equal(await storage.renew(first.lease), false, 'Renewing the lease that was replaced:');
      assert.equal(await storage.renew(second.lease), true, 'Renewing the lease in its place:');
    },
  },
  {
    id: 'lease.own-key',
    rule: 'A lease applies only to its own key.',
    async prove({ storage, other }) {
      const { lease } = await grant(storage, 'one');
      const reply = await other.lease('another-fictional-session', { owner: 'two', ttl: LONG, ifVersion: 0 });
      assert.equal(reply.outcome, 'granted', 'The lease of another key:');
      await write(other, 'another-fictional-session', 'value', { lease: reply.lease });
      assert.equal(await storage.renew(lease), true, "Renewing a lease after another key's commit:");
    },
  },
];
