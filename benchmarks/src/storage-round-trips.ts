import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { print } from './table.ts';

/** A record as long as that of a real session: two tokens of the length of Adobe's, and their metadata. */
const VALUE = JSON.stringify({
  format: 1,
  status: 'tokens',
  accessToken: 'a'.repeat(1_400),
  refreshToken: 'r'.repeat(1_400),
});

const ROUNDS = { memory: 20_000, file: 200 };

/** Measures the storage calls of a session: reading, a refresh's lease, and its commit. */
export async function storageRoundTrips(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'frameio-auth-benchmark-'));
  const keys = { first: new Uint8Array(randomBytes(32)) };
  const storages: readonly (readonly [string, TokenStorage, number])[] = [
    ['memory', memoryStorage(), ROUNDS.memory],
    ['encrypted over memory', encryptedStorage(memoryStorage(), { keys, current: 'first' }), ROUNDS.memory / 4],
    ['file', fileStorage({ directory: join(folder, 'plain') }), ROUNDS.file],
    [
      'encrypted over file',
      encryptedStorage(fileStorage({ directory: join(folder, 'sealed') }), { keys, current: 'first' }),
      ROUNDS.file,
    ],
  ];
  try {
    const figures = new Map<string, Record<Operation, number>>();
    for (const [name, storage, rounds] of storages) figures.set(name, await medians(storage, rounds));
    for (const operation of OPERATIONS) {
      const rows = storages.map(([name]) => [name, figures.get(name)?.[operation] ?? Number.NaN] as const);
      print(`A ${operation} of a record of ${VALUE.length} characters`, rows, (ms) => `${(ms * 1_000).toFixed(1)} µs`);
    }
  } finally {
    for (const [, storage] of storages) await storage.close();
    await rm(folder, { recursive: true });
  }
}

const OPERATIONS = ['read', 'lease', 'commit'] as const;
type Operation = (typeof OPERATIONS)[number];

async function medians(storage: TokenStorage, rounds: number): Promise<Record<Operation, number>> {
  const times: Record<Operation, number[]> = { read: [], lease: [], commit: [] };
  const key = 'benchmark.fictional/session/default';
  let version = 0;
  for (let round = 0; round < rounds; round += 1) {
    await timed(times.read, () => storage.read(key));
    const reply = await timed(times.lease, () =>
      storage.lease(key, { owner: 'benchmark', ttl: 30_000, ifVersion: version }),
    );
    if (reply.outcome !== 'granted') throw new Error('No other instance can hold the lease.');
    const { lease } = reply;
    const written = await timed(times.commit, () =>
      storage.commit(key, { value: VALUE, expectedVersion: version, lease }),
    );
    if (written.outcome !== 'committed') throw new Error('No other instance can write.');
    version = written.version;
  }
  return { read: median(times.read), lease: median(times.lease), commit: median(times.commit) };
}

async function timed<Reply>(times: number[], act: () => Promise<Reply>): Promise<Reply> {
  const started = performance.now();
  const reply = await act();
  times.push(performance.now() - started);
  return reply;
}

function median(times: number[]): number {
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? Number.NaN;
}
