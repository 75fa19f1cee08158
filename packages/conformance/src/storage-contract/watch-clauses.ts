import assert from 'node:assert/strict';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { range } from '../range.js';
import { type Clause, grant, KEY, LONG, type StorageFixture, waitUntil, write } from './storage-fixture.js';

/** A hint may be lost, so a clause causes several changes, and waits for a hint of each. */
const OCCASIONS = 10;
const LOOKS = 25;

export const watchClauses: readonly Clause[] = [
  {
    id: 'watch.commit',
    rule: 'A watcher is called with the version of a commit, through any handle.',
    async prove(fixture) {
      for (const [writer, watcher] of directions(fixture)) {
        const heard: number[] = [];
        watcher.watch(KEY, (version) => heard.push(version));
        await assertHeard(fixture, 'a commit', heard, () => writeOver(writer, KEY));
      }
    },
  },
  {
    id: 'watch.release',
    rule: 'A watcher is called when a lease is released: with the version of the record, or 0 if there is none.',
    async prove(fixture) {
      for (const [direction, [writer, watcher]] of directions(fixture).entries()) {
        const key = `${KEY}/${direction}`; // Without commits, so that no late hint of one can pass for that of a release.
        const ofNone: number[] = [];
        watcher.watch(key, (version) => ofNone.push(version));
        await assertHeard(fixture, 'a release without a record', ofNone, () => leaseAndRelease(writer, key, 0));

        let version = 0;
        await assertHeard(fixture, 'a commit', ofNone, async () => {
          version = await writeOver(writer, key);
          return version;
        });
        const ofRecord: number[] = [];
        watcher.watch(key, (told) => ofRecord.push(told));
        await assertHeard(fixture, 'a release', ofRecord, () => leaseAndRelease(writer, key, version));
        assert.deepEqual([...new Set(ofRecord)], [version], 'What a watcher was told of releases of a record:');
      }
    },
  },
  {
    id: 'watch.readable',
    rule: 'When a watcher is called with a version, a read returns that version or a newer one.',
    async prove(fixture) {
      for (const [writer, watcher] of directions(fixture)) {
        const heard: number[] = [];
        const readings: Promise<string | undefined>[] = [];
        watcher.watch(KEY, (version) => {
          heard.push(version);
          const reading = watcher.read(KEY).then(({ record }) => {
            const read = record?.version ?? 0;
            return read < version ? `The version ${version} was announced when ${read} was read.` : undefined;
          });
          readings.push(reading.catch((error: unknown) => `A read in a watcher failed: ${error}`));
        });
        await assertHeard(fixture, 'a commit', heard, () => writeOver(writer, KEY));
        const faults = (await Promise.all(readings)).filter((fault) => fault !== undefined);
        assert.equal(faults.join(' '), '', 'What readers in a watcher found:');
      }
    },
  },
  {
    id: 'watch.later',
    rule: 'A watcher is never called from within a call to the storage.',
    async prove({ storage, advance }) {
      let within: string | undefined;
      const faults: string[] = [];
      /** Makes a call and observes what happens before it returns, which is before its promise resolves. */
      const observe = <Reply>(name: string, call: () => Reply): Reply => {
        within = name;
        const reply = call();
        within = undefined;
        return reply;
      };
      observe('watch', () => {
        storage.watch(KEY, () => {
          if (within !== undefined) faults.push(within);
        });
      });
      const { lease } = await observe('lease', () => grant(storage, 'one'));
      await observe('release', () => storage.release(lease));
      await observe('commit', () => write(storage, KEY, 'value'));
      await advance(1);
      assert.deepEqual(faults, [], 'The calls within which a watcher was called:');
    },
  },
  {
    id: 'watch.own-key',
    rule: 'A watcher is called only for its own key.',
    async prove(fixture) {
      const heard: number[] = [];
      const heardElsewhere: number[] = [];
      fixture.storage.watch(KEY, (version) => heardElsewhere.push(version));
      fixture.storage.watch(`${KEY}:2`, (version) => heard.push(version));
      await assertHeard(fixture, 'a commit', heard, () => writeOver(fixture.other, `${KEY}:2`));
      assert.deepEqual(heardElsewhere, [], 'What a watcher of another key was told:');
    },
  },
  {
    id: 'watch.stop',
    rule: 'A watcher that was stopped is not called again; it may be stopped twice, and other watchers continue.',
    async prove(fixture) {
      const { storage, other } = fixture;
      const stopped: number[] = [];
      const going: number[] = [];
      const twice = (version: number): void => void going.push(version);
      const stop = storage.watch(KEY, (version) => stopped.push(version));
      const stopOne = storage.watch(KEY, twice);
      storage.watch(KEY, twice);
      stop();
      stop();
      stopOne();
      stopOne();
      for (const _ of range(0, 2)) await assertHeard(fixture, 'a commit', going, () => writeOver(other, KEY));
      assert.deepEqual(stopped, [], 'What the watcher that stopped was told:');
    },
  },
];

/** Returns the writer and the watcher: each handle in either role. */
function directions({ storage, other }: StorageFixture): [TokenStorage, TokenStorage][] {
  return [
    [storage, other],
    [other, storage],
  ];
}

/** Takes a lease on a version and releases it, and resolves to the version. */
async function leaseAndRelease(storage: TokenStorage, key: string, ifVersion: number): Promise<number> {
  const reply = await storage.lease(key, { owner: 'one', ttl: LONG, ifVersion });
  assert.equal(reply.outcome, 'granted', 'A lease that is free:');
  await storage.release(reply.lease);
  return ifVersion;
}

/** Commits over the current record, and resolves to the version. */
async function writeOver(storage: TokenStorage, key: string): Promise<number> {
  const { record } = await storage.read(key);
  return write(storage, key, 'value', { expectedVersion: record?.version ?? 0 });
}

/** Causes changes until a hint arrives with the version of its change. */
async function assertHeard(
  fixture: StorageFixture,
  what: string,
  heard: readonly number[],
  occasion: () => Promise<number>,
): Promise<void> {
  const before = heard.length;
  for (let given = 0; given < OCCASIONS; given += 1) {
    const version = await occasion();
    if (await waitUntil(fixture, () => heard.slice(before).includes(version), LOOKS)) return;
  }
  const told = heard.slice(before).join(', ') || 'nothing';
  assert.fail(`After each of ${OCCASIONS} times ${what}, the watcher was not told its version, but: ${told}.`);
}
