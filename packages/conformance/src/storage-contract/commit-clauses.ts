import assert from 'node:assert/strict';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { range } from '../range.js';
import {
  assertHeld,
  assertNoRecord,
  assertRecord,
  type Clause,
  grant,
  KEY,
  PAST_SHORT,
  SHORT,
  type StorageFixture,
  write,
} from './storage-fixture.js';

const RIVALS = 50;

export const commitClauses: readonly Clause[] = [
  {
    id: 'commit.first',
    rule: 'A commit that expects version 0 writes the first record of a key.',
    async prove({ storage }) {
      const version = await write(storage, KEY, 'first');
      assertRecord(await storage.read(KEY), 'first', version);
    },
  },
  {
    id: 'commit.version',
    rule: 'Versions are positive integers that grow with every commit of a key.',
    async prove({ storage, other }) {
      let last = 0;
      for (const turn of range(0, 6)) {
        const version = await write(turn % 2 === 0 ? storage : other, KEY, `value ${turn}`, { expectedVersion: last });
        assert.ok(Number.isSafeInteger(version), `The version ${version} is no integer.`);
        assert.ok(version > last, `The version ${version} follows ${last}.`);
        last = version;
      }
    },
  },
  {
    id: 'commit.conflict',
    rule: 'A commit that expects another version, older or newer, writes nothing and returns the current record.',
    async prove({ storage, other }) {
      const first = await write(storage, KEY, 'first');
      const second = await write(storage, KEY, 'second', { expectedVersion: first });
      for (const expectedVersion of [0, first, second + 1]) {
        const reply = await other.commit(KEY, { value: 'third', expectedVersion });
        assert.equal(
          reply.outcome,
          'conflict',
          `A commit over version ${expectedVersion}, the current one is ${second}:`,
        );
        assertRecord(reply, 'second', second);
        assertRecord(await storage.read(KEY), 'second', second);
      }
    },
  },
  {
    id: 'commit.conflict-absent',
    rule: 'A commit that expects a record where there is none writes nothing, and its reply has no `record` member.',
    async prove({ storage }) {
      const reply = await storage.commit(KEY, { value: 'value', expectedVersion: 7 });
      assert.equal(reply.outcome, 'conflict', 'A commit over version 7 of a key that has no record:');
      assertNoRecord(reply);
      assertNoRecord(await storage.read(KEY));
    },
  },
  {
    id: 'commit.one-winner',
    rule: 'Of many concurrent commits that expect the same version, one writes, and the others return what it wrote.',
    async prove(fixture) {
      const first = await assertOneWinner(fixture, 0);
      await assertOneWinner(fixture, first);
    },
  },
  {
    id: 'commit.no-lost-update',
    rule: 'If many writers each commit over the version that they last saw, no update is lost.',
    async prove({ storage, other }) {
      const turns = 5;
      const writers = [storage, other, storage, other, storage, other];
      const total = writers.length * turns;
      const increase = async (handle: TokenStorage): Promise<void> => {
        let { record } = await handle.read(KEY);
        let left = turns;
        // Each conflict is another's commit, so there cannot be more attempts than commits.
        for (let tries = 0; left > 0 && tries < total; tries += 1) {
          const value = String(Number(record?.value ?? 0) + 1);
          const reply = await handle.commit(KEY, { value, expectedVersion: record?.version ?? 0 });
          if (reply.outcome === 'committed') left -= 1;
          record = reply.outcome === 'committed' ? { value, version: reply.version } : reply.record;
        }
      };
      await Promise.all(writers.map(increase));
      const { record } = await storage.read(KEY);
      assert.equal(record?.value, String(total), 'The count of all commits, by the one who counted last:');
    },
  },
  {
    id: 'commit.without-lease',
    rule: 'A commit needs no lease, even while another owner holds it.',
    async prove({ storage, other }) {
      await grant(storage, 'one');
      const version = await write(other, KEY, 'without a lease');
      assertRecord(await storage.read(KEY), 'without a lease', version);
    },
  },
  {
    id: 'commit.lease-is-no-right',
    rule: 'A lease does not help a commit against a newer version.',
    async prove({ storage, other }) {
      const { lease } = await grant(storage, 'one');
      const version = await write(other, KEY, 'newer');
      const reply = await storage.commit(KEY, { value: 'older', expectedVersion: 0, lease });
      assert.equal(reply.outcome, 'conflict', 'A commit with a lease over version 0, which has been overwritten:');
      assertRecord(reply, 'newer', version);
    },
  },
  {
    id: 'commit.lost-lease',
    rule: 'A commit whose lease expired and was granted to another owner still writes over the version that it expects.',
    async prove({ storage, other, advance }) {
      const { lease } = await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      await grant(other, 'two');
      const version = await write(storage, KEY, 'late', { lease });
      assertRecord(await other.read(KEY), 'late', version);
    },
  },
  {
    id: 'commit.ends-lease',
    rule: 'A commit ends the lease that it was made under, and the next lease is not reported as following an abandoned one.',
    async prove({ storage, other }) {
      const { lease } = await grant(storage, 'one');
      const version = await write(storage, KEY, 'value', { lease });
      assert.equal(await storage.renew(lease), false, 'Renewing a lease after its commit:');
      const { abandoned } = await grant(other, 'two', { ifVersion: version });
      assert.equal(abandoned, false, 'Whether a lease that ended with a commit was abandoned:');
    },
  },
  {
    id: 'commit.ends-any-lease',
    rule: 'A commit ends the lease of any owner, because the record that the lease was granted on has changed.',
    async prove({ storage, other }) {
      const { lease } = await grant(storage, 'one');
      const version = await write(other, KEY, 'value');
      assert.equal(await storage.renew(lease), false, 'Renewing a lease after the commit of another owner:');
      const { abandoned } = await grant(other, 'two', { ifVersion: version });
      assert.equal(abandoned, false, 'Whether a lease that ended with a commit was abandoned:');
    },
  },
  {
    id: 'commit.conflict-keeps-lease',
    rule: 'A commit that conflicts leaves the lease as it is.',
    async prove({ storage, other }) {
      const { lease } = await grant(storage, 'one');
      await other.commit(KEY, { value: 'value', expectedVersion: 7 });
      await storage.commit(KEY, { value: 'value', expectedVersion: 7, lease });
      await assertHeld(other, 'two');
      assert.equal(await storage.renew(lease), true, 'Renewing the lease:');
    },
  },
];

/** Asserts that one of two commits wins, and resolves to its version. */
async function assertOneWinner({ storage, other }: StorageFixture, expectedVersion: number): Promise<number> {
  const replies = await Promise.all(
    range(0, RIVALS).map(async (rival) => {
      const value = `written over ${expectedVersion} by ${rival}`;
      const reply = await (rival % 2 === 0 ? storage : other).commit(KEY, { value, expectedVersion });
      return { value, reply };
    }),
  );
  const wins = replies.flatMap(({ value, reply }) =>
    reply.outcome === 'committed' ? [{ value, version: reply.version }] : [],
  );
  assert.equal(wins.length, 1, `The number of winners among ${RIVALS} commits over version ${expectedVersion}:`);
  const [win = { value: '', version: 0 }] = wins;
  for (const { reply } of replies) {
    if (reply.outcome === 'conflict') assertRecord(reply, win.value, win.version);
  }
  assertRecord(await storage.read(KEY), win.value, win.version);
  return win.version;
}
