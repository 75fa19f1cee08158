import type { TokenStorage } from '@frameio-auth/core/adapter';
import type { Clause } from './bench.js';
import { closeClauses } from './close-clauses.js';
import { commitClauses } from './commit-clauses.js';
import { dueClauses } from './due-clauses.js';
import { errorClauses } from './error-clauses.js';
import { expiryClauses } from './expiry-clauses.js';
import { keyClauses } from './key-clauses.js';
import { leaseClauses } from './lease-clauses.js';
import { readClauses } from './read-clauses.js';
import { renewClauses } from './renew-clauses.js';
import { valueClauses } from './value-clauses.js';
import { watchClauses } from './watch-clauses.js';

/** A storage without records, created for one clause. */
export interface StorageUnderTest {
  readonly storage: TokenStorage;
  /**
   * Resolves to a second handle on the same records, as another process or connection would have it. Default: `storage`
   * itself, for a storage with records that no other process can reach.
   */
  another?(): Promise<TokenStorage>;
  /**
   * Lets `ms` milliseconds pass on the storage's clock: advances a manual clock, or waits. Afterwards, everything has
   * happened that the storage does by itself in that time.
   */
  advance(ms: number): Promise<void>;
  /** Disposes of what `create` and `another` created. The storages may have been closed before. */
  dispose(): Promise<void>;
}

export interface StorageContractOptions {
  /** The name of the storage in errors. */
  readonly name: string;
  create(): Promise<StorageUnderTest>;
}

/** One rule that every storage must keep, with its check. */
export interface StorageClause {
  /** A stable id across releases: the method or topic, and the aspect, such as `lease.abandoned`. */
  readonly id: string;
  /** The rule in one sentence. */
  readonly rule: string;
  /**
   * Creates a storage, checks the rule, and disposes of the storage. Rejects with an Error that says what was wrong.
   */
  check(): Promise<void>;
}

/**
 * Returns what the sessions of `@frameio-auth/core` require of a `TokenStorage`, as data for any test runner:
 *
 *     for (const { id, rule, check } of storageContract({ name, create })) it(`${id}: ${rule}`, check);
 *
 * The clauses are independent and may run concurrently: each creates its own storage. So a storage on a server or a
 * disk needs its own database, prefix or folder for each. In real time, they wait for about eight seconds in total if
 * run one after the other.
 */
export function storageContract({ name, create }: StorageContractOptions): StorageClause[] {
  return CLAUSES.map(({ id, rule, prove }) => ({
    id,
    rule,
    async check() {
      const made = await create();
      try {
        const { storage } = made;
        const other = made.another === undefined ? storage : await made.another();
        await prove({ storage, other, advance: (ms) => made.advance(ms) });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${name} breaks ${id}. ${rule} ${reason}`, { cause: error });
      } finally {
        await made.dispose();
      }
    },
  }));
}

const CLAUSES: readonly Clause[] = [
  ...readClauses,
  ...commitClauses,
  ...leaseClauses,
  ...renewClauses,
  ...expiryClauses,
  ...dueClauses,
  ...watchClauses,
  ...keyClauses,
  ...valueClauses,
  ...errorClauses,
  ...closeClauses,
];
