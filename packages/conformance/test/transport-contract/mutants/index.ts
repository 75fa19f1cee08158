import { failureMutants } from './failure-mutants.js';
import { messageMutants } from './message-mutants.js';
import type { TransportMutants } from './transport-mutant.js';

/** Transports with one mistake each. */
export const mutants: TransportMutants = { ...messageMutants, ...failureMutants };
