import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease, LeaseReply, StoredRecord, TokenStorage } from '@frameio-auth/core/adapter';

/** A clause before it is bound to a storage. */
export interface Clause {
  readonly id: string;
  readonly rule: string;
  prove(fixture: StorageFixture): Promise<void>;
}

/** What a clause is checked on: the same records through two handles, which may be one. */
export interface StorageFixture {
  readonly storage: TokenStorage;
  readonly other: TokenStorage;
  advance(ms: number): Promise<void>;
}

export const KEY = 'fictional-session';

/** The duration of a lease that outlives its clause on any machine, in milliseconds. */
export const LONG = 60_000;

/**
 * The duration of a lease or a record that a clause waits for, and of a wait that is certainly longer, in milliseconds.
 */
export const SHORT = 200;
export const PAST_SHORT = 300;

/** The initial duration if something must be done before its end; see {@link inTime}. */
export const MEDIUM = 600;

/** How often a clause polls a condition, and the pause in between: 5 s in total. */
const LOOKS = 250;
const BETWEEN_LOOKS = 20;

interface WriteOptions {
  readonly expectedVersion?: number;
  readonly expiresAt?: number;
  readonly dueAt?: number;
  readonly lease?: Lease;
}

/** Commits without a conflict, and resolves to the version. */
export async function write(
  storage: TokenStorage,
  key: string,
  value: string,
  { expectedVersion = 0, ...rest }: WriteOptions = {},
): Promise<number> {
  const reply = await storage.commit(key, { value, expectedVersion, ...rest });
  assert.equal(reply.outcome, 'committed', `A commit over version ${expectedVersion}, which is the current one:`);
  return reply.version;
}

/** Commits a first record that expires after `life` milliseconds, and resolves to its version. */
export async function writeShortLived(storage: TokenStorage, value: string, life = SHORT): Promise<number> {
  const { now } = await storage.read(KEY);
  return write(storage, KEY, value, { expiresAt: now + life });
}

/**
 * Does work that must finish within a duration, and resolves to that duration, in milliseconds, and the result. On a
 * busy machine the time may run out. Then it repeats the work with a longer duration. A failure within the duration is
 * one of the storage.
 */
export async function inTime<Made>(
  storage: TokenStorage,
  attempt: (life: number) => Promise<Made>,
): Promise<{ readonly life: number; readonly made: Made }> {
  for (let life = MEDIUM; ; life *= 2) {
    const { now } = await storage.read(KEY);
    try {
      return { life, made: await attempt(life) };
    } catch (error) {
      const ended = await storage.read(KEY);
      if (ended.now < now + life || life > LONG) throw error;
    }
  }
}

/** Returns a wait that is certainly longer than a duration. */
export function past(life: number): number {
  return life + 100;
}

interface GrantOptions {
  readonly ifVersion?: number;
  readonly ttl?: number;
}

export type GrantedLease = Extract<LeaseReply, { outcome: 'granted' }>;

/** Takes a lease that must be free. */
export async function grant(
  storage: TokenStorage,
  owner: string,
  { ifVersion = 0, ttl = LONG }: GrantOptions = {},
): Promise<GrantedLease> {
  const reply = await storage.lease(KEY, { owner, ttl, ifVersion });
  assert.equal(reply.outcome, 'granted', `The lease that ${owner} asks for, which is free:`);
  return reply;
}

/** Asserts that another owner than `asker` holds the lease. */
export async function assertHeld(storage: TokenStorage, asker: string, ifVersion = 0): Promise<void> {
  const { outcome } = await storage.lease(KEY, { owner: asker, ttl: LONG, ifVersion });
  assert.equal(outcome, 'held', `The lease that ${asker} asks for while another has it:`);
}

/** Asserts that a reply has the record. */
export function assertRecord(reply: { readonly record?: StoredRecord }, value: string, version: number): void {
  assert.deepEqual({ ...reply.record }, { value, version }, 'The record in the reply:');
}

/** Asserts that a reply has no record. A member that is `undefined` or `null` is not allowed. */
export function assertNoRecord(reply: object): void {
  assert.ok(!('record' in reply), 'The reply has a `record` member, but there is no record.');
}

/** Waits until a condition holds; resolves to `false` if it did not. */
export async function waitUntil(
  { advance }: StorageFixture,
  condition: () => boolean,
  looks = LOOKS,
): Promise<boolean> {
  for (let look = 0; look < looks && !condition(); look += 1) {
    await advance(BETWEEN_LOOKS);
    await delay(1); // A manual clock takes no time, but a socket, a disk or a key derivation does.
  }
  return condition();
}
