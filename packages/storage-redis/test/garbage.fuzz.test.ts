import { randomUUID } from 'node:crypto';
import { StorageError } from '@frameio-auth/core';
import { type RedisServer, startRedis } from '@frameio-auth/verification/redis';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runs } from '../../../tests/seeds.js';
import { keyNames } from '../src/key-names.js';
import { connect, KEY, open, until } from './redis-fixture.js';

const SECRET = 'canary-token';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const anyNumber = fc.oneof(
  fc.maxSafeInteger().map(String),
  fc.double().map(String),
  fc.constantFrom('', ' ', '-1', '1.5', '0x10', '1e3', '1e999', 'NaN', '9007199254740993', ' 7 ', '+7'),
);
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
);

describe('what others write in Redis', () => {
  it('counts as a hint only if it is one, and blocks no other hint', async () => {
    const client = connect(server);
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client, keyPrefix });
    const received: number[] = [];
    storage.watch(KEY, (version) => received.push(version));
    const { channel } = keyNames(keyPrefix, KEY);
    const publisher = connect(server);
    await until('a subscriber', async () => ((await publisher.publish(channel, `0:${KEY}`)) as number) > 0);

    const anyHint = fc.oneof(
      fc
        .tuple(anyNumber, fc.constantFrom(':', '', '::'), fc.constantFrom(KEY, '', `${KEY}:`))
        .map((parts) => parts.join('')),
      anyText,
    );
    let last = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyHint, { maxLength: 20 }), async (hints) => {
        received.length = 0;
        last += 1;
        for (const hint of hints) await publisher.publish(channel, hint);
        await publisher.publish(channel, `${last}:${KEY}`);
        await until('the hint is received', () => received.at(-1) === last && received.length > 0);
        expect(received.every((version) => Number.isSafeInteger(version) && version >= 0)).toBe(true);
      }),
      runs(15),
    );
  });

  it('in the place of a session is read, or refused with a StorageError that does not show it', async () => {
    const client = connect(server);
    const keyPrefix = `${randomUUID()}:`;
    const storage = open({ client, keyPrefix });
    const admin = connect(server);
    const { hash } = keyNames(keyPrefix, KEY);
    const anyHash = fc.record(
      {
        value: anyText.map((text) => SECRET + text),
        version: fc.oneof(fc.nat().map(String), anyNumber, anyText),
        expires: fc.oneof(anyNumber, anyText),
        lease: anyText,
        owner: anyText,
        until: fc.oneof(anyNumber, anyText),
        abandoned: anyText,
        commit: anyText,
        [SECRET]: anyText,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(anyHash, async (fields) => {
        await admin.del(hash);
        if (Object.keys(fields).length > 0) await admin.hset(hash, fields as Record<string, string>);
        const calls = [
          () => storage.read(KEY),
          () => storage.lease(KEY, { owner: 'fictional', ttl: 1_000, ifVersion: 0 }),
          () => storage.renew({ key: KEY, owner: 'fictional', ttl: 1_000, id: 'fictional' }),
          () => storage.commit(KEY, { value: 'fictional', expectedVersion: 0 }),
        ];
        for (const call of calls) {
          const reply = await call().catch((error: unknown) => error);
          if (reply instanceof Error) {
            expect(reply).toBeInstanceOf(StorageError);
            expect(`${(reply as StorageError).code} ${reply.message}`).not.toContain(SECRET);
          } else if (typeof reply === 'object' && reply !== null && 'record' in reply) {
            const { value, version } = reply.record as { value: unknown; version: unknown };
            expect(value).toBe(fields.value);
            expect(Number.isSafeInteger(version) && (version as number) > 0).toBe(true);
          }
        }
      }),
      runs(25),
    );
  });
});
