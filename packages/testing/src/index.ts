export type { AuthorizationServer, AuthorizationServerOptions, ServerEndpoints } from './authorization-server.js';
export { type Certificate, type CertificateOptions, certificateAuthority, serverCertificate } from './certificate.js';
export type { ClientRegistration, GrantType } from './client-registry.js';
export type {
  Exchange,
  Fault,
  FaultOptions,
  Faults,
  PlacedFault,
  ProcessOptions,
  QueuedFaultOptions,
} from './fault-queue.js';
export { fault, type HeldFault } from './faults.js';
export type { FictionalClients, FictionalPublicApp, FictionalService, FictionalWebApp } from './fictional-clients.js';
export type { ApiRateLimit, ApiRefusal } from './frameio-api.js';
export type { Answer, Endpoint, ReceivedRequest } from './http-message.js';
export { startAuthorizationServer } from './local-server.js';
export { type ManualClock, type ManualClockOptions, manualClock } from './manual-clock.js';
export {
  closedOrigin,
  type MisbehavingServer,
  type MisbehavingServerOptions,
  type Misbehaviour,
  misbehaviour,
  responseText,
  startMisbehavingServer,
} from './misbehaving-server.js';
export type { ProfileName } from './profiles/profile.js';
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
export { startTcpProxy, type TcpAddress, type TcpProxy } from './race/tcp-proxy.js';
export { type RandomNumbers, randomNumbers } from './random-numbers.js';
export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from './redis/redis-cluster.js';
export type { RedisConfig } from './redis/redis-process.js';
export {
  findRedisServer,
  type RedisEnvironment,
  type RedisVersion,
  redisServerProgram,
} from './redis/redis-program.js';
export { type RedisSentinel, type RedisSentinelOptions, startRedisSentinel } from './redis/redis-sentinel.js';
export type { RedisAddress, RedisServer } from './redis/redis-server.js';
export { type RedisOptions, startRedis } from './redis/redis-standalone.js';
export type { RecordedRequest, RequestFilter } from './request-record.js';
export { fingerprint } from './secret-ledger.js';
export type { SignInOptions } from './sign-in.js';
export {
  type StorageClause,
  type StorageContractOptions,
  type StorageUnderTest,
  storageContract,
} from './storage-contract/storage-contract.js';
export type { Rotation } from './token-issuer.js';
export {
  type TransportClause,
  type TransportContractOptions,
  type TransportSettings,
  type TransportUnderTest,
  transportContract,
} from './transport-contract/transport-contract.js';
export { fictionalUsers, type User } from './users.js';
