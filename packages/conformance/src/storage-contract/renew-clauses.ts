import assert from 'node:assert/strict';
import {
  assertHeld,
  assertRecord,
  type Clause,
  grant,
  KEY,
  LONG,
  MEDIUM,
  PAST_SHORT,
  past,
  SHORT,
  write,
} from './storage-fixture.js';

/** How often to repeat a call that a busy machine made too late. */
const ATTEMPTS = 50;

export const renewClauses: readonly Clause[] = [
  {
    id: 'renew.extends',
    rule: 'Renewing a lease restarts its `ttl`.',
    async prove({ storage, other, advance }) {
      const { lease, until } = await grant(storage, 'one');
      await advance(SHORT);
      assert.equal(await storage.renew(lease), true, 'Renewing the lease:');
      const reply = await other.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 });
      assert.equal(reply.outcome, 'held', 'The lease after it was renewed:');
      const later = reply.until - until;
      // Timers may be slightly early, and a busy machine late.
      assert.ok(
        later > SHORT / 2,
        `The lease was renewed ${SHORT} ms after it began, but ends only ${later} ms later.`,
      );
    },
  },
  {
    id: 'renew.expired',
    rule: 'An expired lease can be renewed as long as it has not been granted to another owner.',
    async prove({ storage, other, advance }) {
      for (let attempt = 1; ; attempt += 1) {
        const { lease } = await grant(storage, 'one', { ttl: MEDIUM });
        await advance(past(MEDIUM));
        const { now } = await storage.read(KEY);
        assert.equal(await storage.renew(lease), true, 'Renewing the lease that no other owner has:');
        const reply = await other.lease(KEY, { owner: 'two', ttl: LONG, ifVersion: 0 });
        // On a busy machine the call may come after the renewed lease has ended too. Then it is repeated.
        const isLate = reply.outcome === 'granted' && reply.now >= now + MEDIUM && attempt < ATTEMPTS;
        if (!isLate) return assert.equal(reply.outcome, 'held', 'The lease that another asks for after the renewal:');
        await other.release(reply.lease);
      }
    },
  },
  {
    id: 'renew.lost',
    rule: 'Renewing a lease that expired and was granted to another owner returns `false`, and does not affect the new lease.',
    async prove({ storage, other, advance }) {
      const { lease } = await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      const taken = await grant(other, 'two');
      assert.equal(await storage.renew(lease), false, 'Renewing a lease that another has taken:');
      assert.equal(await other.renew(taken.lease), true, 'Renewing the lease of the other:');
      await assertHeld(storage, 'one');
    },
  },
  {
    id: 'renew.released',
    rule: 'Renewing a released lease returns `false`, and does not restore it.',
    async prove({ storage, other }) {
      const { lease } = await grant(storage, 'one');
      await storage.release(lease);
      assert.equal(await storage.renew(lease), false, 'Renewing a lease that was released:');
      await grant(other, 'two');
    },
  },
  {
    id: 'release.frees',
    rule: 'A released lease is free at once, does not count as abandoned, and leaves the record unchanged.',
    async prove({ storage, other }) {
      const version = await write(storage, KEY, 'value');
      const { lease } = await grant(storage, 'one', { ifVersion: version });
      await storage.release(lease);
      const reply = await grant(other, 'two', { ifVersion: version });
      assert.equal(reply.abandoned, false, 'Whether a lease that was released was abandoned:');
      assertRecord(reply, 'value', version);
    },
  },
  {
    id: 'release.lost',
    rule: 'Releasing a lease that was granted to another owner does not affect the new lease.',
    async prove({ storage, other, advance }) {
      const { lease } = await grant(storage, 'one', { ttl: SHORT });
      await advance(PAST_SHORT);
      const taken = await grant(other, 'two');
      await storage.release(lease);
      await assertHeld(storage, 'one');
      assert.equal(await other.renew(taken.lease), true, 'Renewing the lease of the other:');
    },
  },
  {
    id: 'release.twice',
    rule: 'A lease may be released twice; the second release does not affect a lease that was granted in between.',
    async prove({ storage, other }) {
      const { lease } = await grant(storage, 'one');
      await storage.release(lease);
      await storage.release(lease);
      await grant(other, 'two');
      await storage.release(lease);
      await assertHeld(storage, 'one');
    },
  },
];
