import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { systemEntropy } from '../../src/kernel/entropy.js';
import { foreignCode } from '../../src/kernel/errors.js';
import type { Failure } from '../../src/kernel/failure.js';
import type { TokenStorage } from '../../src/kernel/token-storage.js';
import { CoolDown } from '../../src/session/cool-down.js';

const SECOND = 1_000;
const KEY = 'client.fictional/cool-down';

function received(seconds: number, code = 'rate_limited'): Failure {
  const description = 'A fictional wish to be left alone.';
  return {
    kind: 'transient',
    source: 'server',
    code: foreignCode(code),
    description,
    status: 429,
    retryAfter: seconds * SECOND,
  };
}

/** Resolves to the record in the storage after all pending work has ended. */
async function settled(storage: TokenStorage): Promise<{ readonly until: number; readonly failure: { code: string } }> {
  for (let turn = 0; turn < 50; turn += 1) await undefined;
  const { record } = await storage.read(KEY);
  return JSON.parse(record?.value ?? 'null');
}

function place() {
  const clock = manualClock();
  const storage = memoryStorage({ clock });
  const coolDown = (through: TokenStorage = storage) =>
    new CoolDown({ storage: through, clock, entropy: systemEntropy }, KEY);
  return { clock, storage, began: clock.now(), coolDown };
}

describe('the longest wait that a server asked for', () => {
  it('stands in the storage when another instance, which heard nothing of it, is told of a shorter one', async () => {
    const { storage, began, coolDown } = place();
    coolDown().note(received(120, 'first'));
    await settled(storage);
    coolDown().note(received(30, 'second'));
    expect(await settled(storage)).toMatchObject({ until: began + 120 * SECOND, failure: { code: 'first' } });
    coolDown().note(received(600, 'third'));
    expect(await settled(storage)).toMatchObject({ until: began + 600 * SECOND, failure: { code: 'third' } });
  });

  it('stands in the storage when two instances are told at once', async () => {
    for (const waits of [
      [120, 30],
      [30, 120],
    ]) {
      const { storage, began, coolDown } = place();
      for (const wait of waits) coolDown().note(received(wait));
      expect(await settled(storage)).toMatchObject({ until: began + 120 * SECOND });
    }
  });

  it('is kept by the instance itself when it is told of a shorter one', async () => {
    const { clock, coolDown } = place();
    const one = coolDown();
    one.note(received(120, 'first'));
    clock.setNow(clock.now() + 20 * SECOND);
    one.note(received(30, 'second'));
    expect(one.failure).toMatchObject({ code: 'first', retryAfter: 100 * SECOND });
  });

  it.each([
    ['is damaged', 'damaged'],
    ['lacks the words', JSON.stringify({ until: Number.MAX_SAFE_INTEGER, failure: { code: 429 } })],
  ])('replaces what stands in the storage and %s', async (_name, value) => {
    const { storage, began, coolDown } = place();
    await storage.commit(KEY, { value, expectedVersion: 0 });
    coolDown().note(received(120));
    expect(await settled(storage)).toMatchObject({ until: began + 120 * SECOND });
  });
});

it('is not told of the past by a reading that is slower than a later one', async () => {
  const { storage, coolDown } = place();
  const answers: (() => void)[] = [];
  const slow: TokenStorage = {
    ...storage,
    async read(key) {
      const reading = await storage.read(key);
      await new Promise<void>((resolve) => answers.push(resolve));
      return reading;
    },
  };
  const other = coolDown();
  other.note(received(120, 'first'));
  await settled(storage);
  const one = coolDown(slow);
  one.begin();
  await settled(storage);
  other.note(received(600, 'second'));
  await settled(storage);
  expect(answers).toHaveLength(2);
  const [first, second] = answers as [() => void, () => void];
  second();
  await settled(storage);
  first();
  await settled(storage);
  expect(one.failure).toMatchObject({ code: 'second', retryAfter: 600 * SECOND });
});
