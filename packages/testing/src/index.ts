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
export type { ApiRateLimit, ApiRejectionCause } from './frameio-api.js';
export type { Answer, Endpoint, ReceivedRequest } from './http-message.js';
export { startAuthorizationServer } from './local-server.js';
export { type ManualClock, type ManualClockOptions, manualClock } from './manual-clock.js';
export type { ProfileName } from './profiles/profile.js';
export type { RecordedRequest, RequestFilter } from './request-record.js';
export { fingerprint } from './secret-ledger.js';
export type { SignInOptions } from './sign-in.js';
export { startTcpProxy, type TcpAddress, type TcpProxy } from './tcp-proxy.js';
export type { Rotation } from './token-issuer.js';
export { fictionalUsers, type User } from './users.js';
