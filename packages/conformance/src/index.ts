export type { ContractClause } from './contract.js';
export { freePort } from './free-port.js';
export {
  closedOrigin,
  type MisbehavingServer,
  type MisbehavingServerOptions,
  type Misbehaviour,
  misbehaviour,
  responseText,
  startMisbehavingServer,
} from './misbehaving-server.js';
export type { FinalState } from './race/commands.js';
export type { RaceEvent } from './race/history.js';
export type { CreateInstance, InstanceContext, RaceInstance } from './race/instance.js';
export { type Invariant, invariants, type Violation } from './race/invariants.js';
export { race } from './race/race.js';
export {
  cutting,
  type FaultScope,
  failingOver,
  killing,
  losingAnswers,
  migrating,
  pausing,
  type RaceFault,
  type RaceInProgress,
  type RunningInstance,
  restarting,
} from './race/race-fault.js';
export type { RaceOptions } from './race/race-options.js';
export { type RaceProcesses, raceProcesses } from './race/race-processes.js';
export { formatRaceReport, type RaceReport } from './race/race-report.js';
export { type RandomNumbers, randomNumbers } from './random.js';
export {
  type StorageContractOptions,
  type StorageUnderTest,
  storageContract,
} from './storage-contract/storage-contract.js';
export {
  type TransportContractOptions,
  type TransportUnderTest,
  transportContract,
} from './transport-contract/transport-contract.js';
export type { TransportSettings } from './transport-contract/transport-settings.js';
