import { setTimeout as delay } from 'node:timers/promises';
import { randomNumbers } from '@frameio-auth/conformance';
import type { Lease, Reading, TokenStorage } from '@frameio-auth/core/adapter';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AGAIN, seeds } from '../../../tests/seeds.js';
import { DEFAULT_PREFIX } from '../src/key-names.js';
import { connect, hashOf, LONG, open } from './redis-fixture.js';

/** This seed's history once had two commits within a millisecond, the first of which expired immediately. */
const FORGETFUL = 970107049;

const STEPS = 150;

/** A lease, or the life of a record, that ends within a history, in milliseconds. */
const SHORT = 12;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** The contract for one key. Time is that of the replies, so both see the same on any machine. */
class Model {
  record: { value: string; version: number; expiresAt: number } | undefined;
  lease: { lease: Lease; until: number } | undefined;
  lastVersion = 0;

  at(now: number): object {
    if (this.record !== undefined && now >= this.record.expiresAt) this.record = undefined;
    const { record } = this;
    return record === undefined ? { now } : { now, record: { value: record.value, version: record.version } };
  }

  get version(): number {
    return this.record?.version ?? 0;
  }
}

it(`does what the contract says through long random histories (${AGAIN})`, async () => {
  const client = connect(server);
  const other = connect(server);
  const storages = [open({ client }), open({ client: other })] as const;
  await Promise.all([FORGETFUL, ...seeds(23)].map((seed) => live(seed, storages, client)));
});

async function live(seed: number, storages: readonly [TokenStorage, TokenStorage], client: Redis): Promise<void> {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * 2 ** 32) % limit;
  const oneOf = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  const models = new Map([1, 2, 3].map((key) => [`${seed}/${key}`, new Model()]));
  const leases: Lease[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const key = oneOf([...models.keys()]);
    const model = models.get(key) as Model;
    const storage = oneOf(storages);
    const lived = `in step ${step} of the history of seed ${seed}`;
    const known = oneOf([model.version, model.version, model.version, 0, model.lastVersion, model.lastVersion + 1]);
    switch (oneOf(['read', 'lease', 'lease', 'renew', 'release', 'commit', 'commit', 'wait'])) {
      case 'read': {
        const reply = await storage.read(key);
        expect(reply, `read ${lived}`).toEqual(model.at(reply.now));
        break;
      }
      case 'lease': {
        const [owner, ttl] = [oneOf(['one', 'two']), oneOf([SHORT, LONG])];
        const reply = await storage.lease(key, { owner, ttl, ifVersion: known });
        const seen = model.at(reply.now) as Reading;
        const last = model.lease;
        const ended = last !== undefined && reply.now >= last.until;
        if (model.version !== known) {
          expect(reply, `lease ${lived}`).toEqual({ outcome: 'moved', ...seen });
        } else if (last !== undefined && !ended && last.lease.owner !== owner) {
          expect(reply, `lease ${lived}`).toEqual({ outcome: 'held', until: last.until, ...seen });
        } else {
          const until = reply.now + ttl;
          const lease = { key, owner, ttl, id: expect.any(String) };
          expect(reply, `lease ${lived}`).toEqual({ outcome: 'granted', until, abandoned: ended, lease, ...seen });
          if (reply.outcome !== 'granted') break;
          model.lease = { lease: reply.lease, until };
          leases.push(reply.lease);
        }
        break;
      }
      case 'renew': {
        if (leases.length === 0) break;
        const lease = oneOf(leases.slice(-8));
        const held = models.get(lease.key)?.lease;
        const holds = held?.lease.id === lease.id;
        expect(await storage.renew(lease), `renew ${lived}`).toBe(holds);
        // Only Redis knows the exact time.
        if (holds) held.until = Number(await client.hget(hashOf(DEFAULT_PREFIX, lease.key), 'until'));
        break;
      }
      case 'release': {
        if (leases.length === 0) break;
        const lease = oneOf(leases.slice(-4));
        await storage.release(lease);
        const itsModel = models.get(lease.key) as Model;
        if (itsModel.lease?.lease.id === lease.id) itsModel.lease = undefined;
        break;
      }
      case 'commit': {
        const value = `value ${step}`;
        const { now } = await storage.read(key);
        const expiresAt = oneOf([Infinity, Infinity, now + LONG, now + SHORT, now - 1, -1]);
        const reply = await storage.commit(key, { value, expectedVersion: known, expiresAt });
        const seen = model.at(reply.now);
        if (model.version !== known) {
          expect(reply, `commit ${lived}`).toEqual({ outcome: 'conflict', ...seen });
          break;
        }
        const version = expect.any(Number);
        expect(reply, `commit ${lived}`).toEqual({ outcome: 'committed', version, now: reply.now });
        if (reply.outcome !== 'committed') break;
        expect(reply.version, `the version ${lived}`).toBeGreaterThan(model.lastVersion);
        model.record = { value, version: reply.version, expiresAt };
        model.lastVersion = reply.version;
        model.lease = undefined;
        break;
      }
      case 'wait':
        await delay(below(2 * SHORT));
    }
  }
}
