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

/** A storage without records, made for one clause. */
export interface StorageUnderTest {
  readonly storage: TokenStorage;
  /**
   * A second way to the same records, as another process or connection would have it. Default: `storage` itself, for a
   * storage whose records nobody else can reach.
   */
  another?(): Promise<TokenStorage>;
  /**
   * Lets `ms` milliseconds pass on the storage's clock: moves a manual clock, or waits. What the storage does by
   * itself within that time has happened afterwards.
   */
  advance(ms: number): Promise<void>;
  /** Ends whatever `create` and `another` made. The storages may have been closed before. */
  dispose(): Promise<void>;
}

export interface StorageContractOptions {
  /** What the storage is called where it breaks a rule. */
  readonly name: string;
  create(): Promise<StorageUnderTest>;
}

/** One rule that every storage keeps, and its proof. */
export interface StorageClause {
  /** Stays the same from release to release: the method or the matter, and what about it, such as `lease.abandoned`. */
  readonly id: string;
  /** The rule in one sentence. */
  readonly rule: string;
  /** Makes a storage, tries the rule, and disposes of the storage. Rejects with an Error that says what was wrong. */
  check(): Promise<void>;
}

/**
 * What the sessions of `@frameio-auth/core` rely on in a `TokenStorage`, as data for any test runner:
 *
 *     for (const { id, rule, check } of storageContract({ name, create })) it(`${id}: ${rule}`, check);
 *
 * The clauses share nothing and may run at the same time: each makes a storage of its own, so one on a server or a disk
 * needs a database, a prefix or a folder for each. Where time is real, they wait for about eight seconds, one after the
 * other.
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
