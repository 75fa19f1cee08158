import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease, LeaseReply, StoredRecord, TokenStorage } from '@frameio-auth/core/adapter';

/** A clause before it is bound to a storage. */
export interface Clause {
  readonly id: string;
  readonly rule: string;
  prove(bench: Bench): Promise<void>;
}

/** What a clause is proved on: the same records through two handles, which may be one. */
export interface Bench {
  readonly storage: TokenStorage;
  readonly other: TokenStorage;
  advance(ms: number): Promise<void>;
}

export const KEY = 'fictional-session';

/** A lease that outlives its clause on any machine, in milliseconds. */
export const LONG = 60_000;

/** A lease, or the life of a record, whose end a clause waits for; and a wait that is longer, whatever the timers do. */
export const SHORT = 200;
export const PAST_SHORT = 300;

/** A life in which something has to be done before its end, at first; see {@link inTime}. */
export const MEDIUM = 600;

/** How often a clause looks whether what must happen has happened, and how long it waits in between: 5 s in all. */
const LOOKS = 250;
const BETWEEN_LOOKS = 20;

interface WriteOptions {
  readonly expectedVersion?: number;
  readonly expiresAt?: number;
  readonly dueAt?: number;
  readonly lease?: Lease;
}

/** Commits what must not conflict, and returns the version. */
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

/** Commits a first record that is to be forgotten after `life` milliseconds, and returns its version. */
export async function writeShortLived(storage: TokenStorage, value: string, life = SHORT): Promise<number> {
  const { now } = await storage.read(KEY);
  return write(storage, KEY, value, { expiresAt: now + life });
}

/**
 * Does what has to be done within a life of something, and resolves to that life, in milliseconds, and to what was made.
 * On a busy machine a life may end too early. Then it is done again in a longer one. A failure within the life is one of
 * the storage.
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

/** A wait that is longer than a life, whatever the timers do. */
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

/** Sees that somebody holds the lease whom `asker` is not. */
export async function assertHeld(storage: TokenStorage, asker: string, ifVersion = 0): Promise<void> {
  const { outcome } = await storage.lease(KEY, { owner: asker, ttl: LONG, ifVersion });
  assert.equal(outcome, 'held', `The lease that ${asker} asks for while another has it:`);
}

/** A reply about a record that is there. */
export function assertRecord(reply: { readonly record?: StoredRecord }, value: string, version: number): void {
  assert.deepEqual({ ...reply.record }, { value, version }, 'The record in the reply:');
}

/** A reply about a record that is not: a member that is `undefined` or `null` is not the absence of one. */
export function assertNoRecord(reply: object): void {
  assert.ok(!('record' in reply), 'The reply has a `record` member, but there is no record.');
}

/** Waits until a condition holds; `false`: it did not come to. */
export async function comesTrue({ advance }: Bench, condition: () => boolean, looks = LOOKS): Promise<boolean> {
  for (let look = 0; look < looks && !condition(); look += 1) {
    await advance(BETWEEN_LOOKS);
    await delay(1); // A manual clock takes no time, but a socket, a disk or a key derivation does.
  }
  return condition();
}

/** Each number below `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
