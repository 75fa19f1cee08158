import { commitMutants } from './commit-mutants.js';
import { contentMutants } from './content-mutants.js';
import { dueMutants } from './due-mutants.js';
import { expiryMutants } from './expiry-mutants.js';
import { failureMutants } from './failure-mutants.js';
import { leaseMutants } from './lease-mutants.js';
import { readMutants } from './read-mutants.js';
import type { StorageMutants } from './storage-mutant.js';
import { watchMutants } from './watch-mutants.js';

/** Storages with one mistake each. */
export const mutants: StorageMutants = {
  ...readMutants,
  ...commitMutants,
  ...leaseMutants,
  ...expiryMutants,
  ...dueMutants,
  ...watchMutants,
  ...contentMutants,
  ...failureMutants,
};
