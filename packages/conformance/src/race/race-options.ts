import type { AuthorizationServerOptions, TcpAddress } from '@frameio-auth/testing';
import type { RaceFault } from './race-fault.js';
import type { RaceProcesses } from './race-processes.js';

export interface RaceOptions {
  /**
   * The module that creates the instances. It exports `createInstance`, see {@link CreateInstance}, and Node must be able
   * to run it.
   */
  readonly instance: URL;
  /** The number of processes. Default: 4. */
  readonly instances?: number;
  /** Determines the faults, the instances that they affect, and the calls. Default: a random one, which the report contains. */
  readonly seed?: number;
  /** How long faults occur, in milliseconds. Default: 4 000. */
  readonly duration?: number;
  /** The faults. Default: none. */
  readonly faults?: readonly RaceFault[];
  /** The average time between two faults, in milliseconds. Default: 400. */
  readonly pace?: number;
  /** How long a fault waits for a suitable request, in milliseconds. Default: 2 000. */
  readonly opportunity?: number;
  /** How long the instances may take to recover after the faults, in milliseconds. Default: 20 000. */
  readonly calm?: number;
  /**
   * The longest lease that sessions are granted, in milliseconds. They request 30 s, and a race would have to wait that
   * long for the lease of a dead process. Default: 1 500.
   */
  readonly leaseTtl?: number;
  /** The authorization server. Default: like Adobe IMS, with access tokens that live for two seconds. */
  readonly server?: AuthorizationServerOptions;
  /** The longest time the server takes to respond to a token request, in milliseconds. Default: 30. */
  readonly latency?: number;
  /** The address of the storage's server, for faults that cut the route to it. */
  readonly storageAddress?: TcpAddress;
  /** Parameters for the instances: JSON, or a function that returns it for each place. */
  readonly parameters?: unknown;
  /** Processes shared with other races, see `raceProcesses()`. Default: new ones, which end with the race. */
  readonly processes?: RaceProcesses;
}
