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
export type { RaceEvent } from './race/history.js';
export { type Invariant, invariants, type Violation } from './race/invariants.js';
export type { CreateMember, MemberContext, RaceMember } from './race/member.js';
export type { Settlement } from './race/orders.js';
export { type RaceOptions, type RaceReport, race, tellRace } from './race/race.js';
export {
  type Affliction,
  cutting,
  failingOver,
  killing,
  losingAnswers,
  migrating,
  pausing,
  type RaceFault,
  type RaceInProgress,
  type RacingMember,
  restarting,
} from './race/race-fault.js';
export { type RaceProcesses, raceProcesses } from './race/race-processes.js';
export { type RandomNumbers, randomNumbers } from './random.js';
export {
  type StorageClause,
  type StorageContractOptions,
  type StorageUnderTest,
  storageContract,
} from './storage-contract/storage-contract.js';
export {
  type TransportClause,
  type TransportContractOptions,
  type TransportSettings,
  type TransportUnderTest,
  transportContract,
} from './transport-contract/transport-contract.js';
