import type { TokenStorage } from '@frameio-auth/core/adapter';
import { type ContractClause, proving } from '../contract.js';
import { closeClauses } from './close-clauses.js';
import { commitClauses } from './commit-clauses.js';
import { dueClauses } from './due-clauses.js';
import { errorClauses } from './error-clauses.js';
import { expiryClauses } from './expiry-clauses.js';
import { keyClauses } from './key-clauses.js';
import { leaseClauses } from './lease-clauses.js';
import { readClauses } from './read-clauses.js';
import { renewClauses } from './renew-clauses.js';
import type { Clause } from './storage-fixture.js';
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

/**
 * Returns what the sessions of `@frameio-auth/core` require of a `TokenStorage`, as data for any test runner:
 *
 *     for (const { id, rule, check } of storageContract({ name, create })) it(`${id}: ${rule}`, check);
 *
 * The clauses are independent and may run concurrently: each creates its own storage. So a storage on a server or a
 * disk needs its own database, prefix or folder for each. In real time, they wait for about eight seconds in total if
 * run one after the other.
 */
export function storageContract({ name, create }: StorageContractOptions): ContractClause[] {
  return CLAUSES.map(({ id, rule, prove }) => ({
    id,
    rule,
    async check() {
      const made = await create();
      try {
        await proving(name, { id, rule }, async () => {
          const { storage } = made;
          const other = (await made.another?.()) ?? storage;
          await prove({ storage, other, advance: (ms) => made.advance(ms) });
        });
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
