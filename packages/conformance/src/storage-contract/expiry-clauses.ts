import assert from 'node:assert/strict';
import { range } from '../range.js';
import {
  assertHeld,
  assertNoRecord,
  assertRecord,
  type Clause,
  grant,
  inTime,
  KEY,
  LONG,
  PAST_SHORT,
  past,
  SHORT,
  write,
  writeShortLived,
} from './storage-fixture.js';

/** So many commits that some fall into the same millisecond, even on the slowest shared storage. */
const MANY = 20;

export const expiryClauses: readonly Clause[] = [
  {
    id: 'expiry.forgets',
    rule: 'A record with `expiresAt` exists before that time, and not afterwards.',
    async prove({ storage, other, advance }) {
      const { now } = await storage.read('a-longer-fictional-session');
      const version = await write(storage, 'a-longer-fictional-session', 'longer', { expiresAt: now + LONG });
      await writeShortLived(storage, 'short');
      await advance(PAST_SHORT);
      assertNoRecord(await storage.read(KEY));
      assertNoRecord(await other.read(KEY));
      assertRecord(await other.read('a-longer-fictional-session'), 'longer', version);
    },
  },
  {
    id: 'expiry.anew',
    rule: 'Every commit sets the expiry of the record again; without `expiresAt`, it never expires.',
    async prove({ storage, other, advance }) {
      const { life, made: kept } = await inTime(storage, async (ms) => {
        const first = await writeShortLived(storage, 'for a while', ms);
        return write(other, KEY, 'for ever', { expectedVersion: first });
      });
      await advance(past(life));
      assertRecord(await storage.read(KEY), 'for ever', kept);
      const { now } = await storage.read(KEY);
      await write(storage, KEY, 'for a while', { expectedVersion: kept, expiresAt: now + SHORT });
      await advance(PAST_SHORT);
      assertNoRecord(await storage.read(KEY));
    },
  },
  {
    id: 'expiry.absent',
    rule: 'An expired record is absent for leases and commits too.',
    async prove({ storage, other, advance }) {
      const version = await writeShortLived(storage, 'short');
      await advance(PAST_SHORT);
      const leased = await other.lease(KEY, { owner: 'one', ttl: LONG, ifVersion: version });
      assert.equal(leased.outcome, 'moved', 'A lease on a version that was forgotten:');
      assertNoRecord(leased);
      const committed = await other.commit(KEY, { value: 'value', expectedVersion: version });
      assert.equal(committed.outcome, 'conflict', 'A commit over a version that was forgotten:');
      assertNoRecord(committed);
      assertNoRecord(await grant(storage, 'one'));
    },
  },
  {
    id: 'expiry.version',
    rule: 'No version of a key is used twice, even if its record expired in between.',
    async prove({ storage, other, advance }) {
      let last = 0;
      for (const turn of range(0, 3)) {
        const version = await writeShortLived(turn % 2 === 0 ? storage : other, `value ${turn}`);
        assert.ok(version > last, `The version ${version} follows ${last}, whose record was forgotten.`);
        last = version;
        await advance(PAST_SHORT);
        assertNoRecord(await storage.read(KEY));
      }
    },
  },
  {
    id: 'expiry.at-once',
    rule: 'No version of a key is used twice, however quickly its records are written and expire.',
    async prove({ storage, other }) {
      const { now } = await storage.read(KEY);
      // Each expires immediately, so none affects the next, and all may come within one tick of the clock.
      const versions = await Promise.all(
        range(0, MANY).map((turn) =>
          write(turn % 2 === 0 ? storage : other, KEY, `value ${turn}`, { expiresAt: now - 1 }),
        ),
      );
      const { lease } = await grant(storage, 'one');
      await storage.release(lease); // The rest of the key is removed with it, but the version must not be.
      const last = await write(other, KEY, 'last');
      assert.equal(new Set(versions).size, MANY, `The number of versions that ${MANY} commits were given:`);
      const highest = Math.max(...versions);
      assert.ok(last > highest, `The version ${last} follows ${highest}, whose record was forgotten.`);
    },
  },
  {
    id: 'expiry.lease',
    rule: 'A lease outlives the record that it was granted on, and so does the information that it was abandoned.',
    async prove({ storage, other, advance }) {
      const leaseOnForgotten = async (ttl: number) => {
        const { life, made } = await inTime(storage, async (ms) => {
          const version = await writeShortLived(storage, 'short', ms);
          return grant(storage, 'one', { ifVersion: version, ttl });
        });
        await advance(past(life));
        assertNoRecord(await storage.read(KEY));
        return made.lease;
      };
      const lease = await leaseOnForgotten(LONG * 10);
      await assertHeld(other, 'two');
      await storage.release(lease);

      await leaseOnForgotten(SHORT);
      const { abandoned } = await grant(other, 'two');
      assert.equal(abandoned, true, 'Whether the lease that time ended, as it did the record, was abandoned:');
    },
  },
];
