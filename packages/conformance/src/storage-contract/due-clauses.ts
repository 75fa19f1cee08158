import assert from 'node:assert/strict';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { range } from '../range.js';
import { type Clause, grant, inTime, KEY, LONG, PAST_SHORT, past, SHORT, write } from './storage-fixture.js';

/** The prefix of the keys of these clauses only. */
const PREFIX = 'a/fictional';

/** More than is ever due in a clause. */
const MANY = 1_000;

async function assertDue(storage: TokenStorage, keys: readonly string[], prefix = PREFIX, limit = MANY): Promise<void> {
  const reply = await storage.due({ prefix, limit });
  assert.deepEqual([...reply.keys], keys, 'The keys that are due:');
}

export const dueClauses: readonly Clause[] = [
  {
    id: 'due.lists',
    rule: 'A record whose `dueAt` has passed is listed by its key, through any handle; a record without `dueAt` is not.',
    async prove({ storage, other }) {
      const { now } = await storage.read(KEY);
      await assertDue(storage, []);
      await write(storage, `${PREFIX}/due`, 'value', { dueAt: now });
      await write(storage, `${PREFIX}/never`, 'value');
      await write(storage, `${PREFIX}/never-either`, 'value', { dueAt: Infinity });
      for (const handle of [storage, other]) {
        await assertDue(handle, [`${PREFIX}/due`]);
        const reply = await handle.due({ prefix: PREFIX, limit: 1 });
        assert.ok(reply.now >= now, 'The time in the reply went back.');
      }
    },
  },
  {
    id: 'due.not-yet',
    rule: 'A record is listed from its `dueAt` on, and not before.',
    async prove({ storage, other, advance }) {
      const { now } = await storage.read(KEY);
      await write(storage, `${PREFIX}/later`, 'value', { dueAt: now + LONG * 10 });
      let version = 0;
      const { life } = await inTime(storage, async (ms) => {
        const dueAt = (await storage.read(KEY)).now + ms;
        version = await write(storage, `${PREFIX}/soon`, 'value', { expectedVersion: version, dueAt });
        await assertDue(other, []);
      });
      await advance(past(life));
      await assertDue(other, [`${PREFIX}/soon`]);
    },
  },
  {
    id: 'due.order',
    rule: 'Keys are listed in the order of their `dueAt`.',
    async prove({ storage, other }) {
      const { now } = await storage.read(KEY);
      const keys = range(0, 20).map((turn) => `${PREFIX}/${turn}`);
      const shuffled = keys.map((key, turn) => ({ key, dueAt: now - ((turn * 7) % 20) * 10 }));
      for (const { key, dueAt } of shuffled) await write(storage, key, 'value', { dueAt });
      const ordered = shuffled.sort((one, another) => one.dueAt - another.dueAt).map(({ key }) => key);
      await assertDue(other, ordered);
    },
  },
  {
    id: 'due.limit',
    rule: 'No more keys are listed than requested, and those are the earliest.',
    async prove({ storage }) {
      const { now } = await storage.read(KEY);
      for (const turn of range(0, 9)) await write(storage, `${PREFIX}/${turn}`, 'value', { dueAt: now - 100 + turn });
      await assertDue(storage, [`${PREFIX}/0`, `${PREFIX}/1`, `${PREFIX}/2`], PREFIX, 3);
    },
  },
  {
    id: 'due.prefix',
    rule: 'Only keys that begin with exactly the prefix are listed and counted.',
    async prove({ storage }) {
      const { now } = await storage.read(KEY);
      const keys = [`not ${PREFIX}`, 'a/FICTIONAL/one', 'a?fictional*', PREFIX, `${PREFIX}/one`];
      for (const [turn, key] of keys.entries()) await write(storage, key, 'value', { dueAt: now - 100 + turn });
      await assertDue(storage, [PREFIX, `${PREFIX}/one`], PREFIX, 2);
      await assertDue(storage, ['a?fictional*'], 'a?fictional*');
      await assertDue(storage, keys, '');
    },
  },
  {
    id: 'due.anew',
    rule: 'Every commit sets again when the record is due; without `dueAt`, it never is. A conflict changes nothing.',
    async prove({ storage, other }) {
      const key = `${PREFIX}/one`;
      const { now } = await storage.read(key);
      const first = await write(storage, key, 'first', { dueAt: now + LONG });
      const second = await write(other, key, 'second', { expectedVersion: first, dueAt: now });
      await storage.commit(key, { value: 'late', expectedVersion: first });
      await assertDue(storage, [key]);
      await write(storage, key, 'third', { expectedVersion: second });
      await assertDue(other, []);
    },
  },
  {
    id: 'due.stays',
    rule: 'A record stays in the list until the next commit, even while a lease on it is granted and released.',
    async prove({ storage, other, advance }) {
      const { now } = await storage.read(KEY);
      const version = await write(storage, KEY, 'value', { dueAt: now });
      const { lease } = await grant(other, 'one', { ifVersion: version });
      await assertDue(storage, [KEY], KEY);
      await other.renew(lease);
      await other.release(lease);
      await grant(other, 'two', { ifVersion: version, ttl: SHORT });
      await advance(PAST_SHORT);
      await assertDue(storage, [KEY], KEY);
    },
  },
  {
    id: 'due.forgotten',
    rule: 'An expired record is not listed, nor is a later record of its key without a `dueAt`.',
    async prove({ storage, other, advance }) {
      const key = `${PREFIX}/short`;
      const { now } = await storage.read(key);
      await write(storage, key, 'value', { dueAt: now, expiresAt: now + SHORT });
      await advance(PAST_SHORT);
      await write(storage, `${PREFIX}/longer`, 'value', { dueAt: now, expiresAt: now + LONG });
      await assertDue(other, [`${PREFIX}/longer`]);
      await write(other, key, 'value');
      await assertDue(storage, [`${PREFIX}/longer`]);
    },
  },
  {
    id: 'due.keys',
    rule: 'Keys are listed exactly as they were written, even long ones.',
    async prove({ storage, other }) {
      const { now } = await storage.read(KEY);
      const keys = ['../up', 'nul\0l', '{17}', '*', 'e\u0301', '\u00e9', '\ud83d\udd11', 'x'.repeat(10_000)];
      const prefixed = keys.map((key) => `${PREFIX}/${key}`);
      for (const [turn, key] of prefixed.entries()) await write(storage, key, 'value', { dueAt: now - 100 + turn });
      await assertDue(other, prefixed);
    },
  },
  {
    id: 'due.many',
    rule: 'Of many due records among many others, each is listed once.',
    async prove({ storage, other }) {
      const { now } = await storage.read(KEY);
      const keys = range(0, 260).map((turn) => ({ key: `${turn % 2 === 0 ? PREFIX : 'another'}/${turn}`, turn }));
      await Promise.all(keys.map(({ key, turn }) => write(storage, key, 'value', { dueAt: now - 1_000 + turn })));
      await assertDue(
        other,
        keys.filter(({ turn }) => turn % 2 === 0).map(({ key }) => key),
      );
    },
  },
];
