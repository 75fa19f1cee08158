export type { CommonOptions, UserAuthOptions } from './auth-options.js';
export {
  type BearerCredentials,
  type BearerPolicy,
  type BearerPolicyOptions,
  bearerPolicy,
  type TokenSource,
} from './http/bearer-policy.js';
export { type BoundedRequest, boundedTransport, type TransportLimits } from './http/bounded-transport.js';
export { startDeadline } from './http/deadline.js';
export { requestFailure } from './http/failed-request.js';
export { isRepeatable, isRepeatableBody } from './http/repeatable-request.js';
export { type Clock, systemClock, type TimerHandle } from './kernel/clock.js';
export { type Entropy, systemEntropy } from './kernel/entropy.js';
export type { ErrorCode, ForeignErrorCode, KnownErrorCode } from './kernel/error-codes.js';
export {
  AuthenticationError,
  type AuthenticationErrorDetails,
  ConfigurationError,
  FrameioAuthError,
  foreignCode,
  ProtocolError,
  RateLimitError,
  StorageError,
  TokenExpiredError,
  TransportError,
  UserActionRequiredError,
} from './kernel/errors.js';
export type { Delivery, Failure, FailureKind } from './kernel/failure.js';
export { isLoopback, isPrivate } from './kernel/private-address.js';
export type { RecordFacts } from './kernel/record-facts.js';
export type { EndingCause, Refusal, SessionEnding } from './kernel/session-ending.js';
export { assertCommitRequest, assertDueRequest, assertKey, assertLeaseRequest } from './kernel/storage-arguments.js';
export type { TokenFacts } from './kernel/token-set.js';
export type {
  CommitReply,
  CommitRequest,
  DueReply,
  DueRequest,
  Lease,
  LeaseReply,
  LeaseRequest,
  Reading,
  StoredRecord,
  TokenStorage,
  Unsubscribe,
} from './kernel/token-storage.js';
export type { Transport, TransportRequest } from './kernel/transport.js';
export type { SessionContext, SessionInput } from './machine/context.js';
export type { Effect, EffectName, EffectParameters, TimerName, TokenOrigin, Tombstone } from './machine/effects.js';
export type { SessionEvent, SessionOccurrence } from './machine/events.js';
export { sessionMachine } from './machine/session-machine.js';
export {
  firstSnapshot,
  type SessionSnapshot as MachineSnapshot,
  type SessionStateValue,
  step,
} from './machine/step.js';
export { NativeAppAuth, type NativeAppAuthOptions } from './native-app-auth.js';
export { type AdobeImsOptions, adobeIms } from './protocol/adobe-ims.js';
export type { BasicEncoding } from './protocol/client-authentication.js';
export { type CustomServerOptions, customServer } from './protocol/custom-server.js';
export { type DiscoveryOptions, discoverServer } from './protocol/discovery.js';
export { type LegacyFrameioOptions, legacyFrameio } from './protocol/legacy-frameio.js';
export type { RequestParameters } from './protocol/request-parameters.js';
export type { ClientAuthentication, ErrorPattern, ServerProfile, UserAction } from './protocol/server-profile.js';
export { ServerToServerAuth, type ServerToServerAuthOptions } from './server-to-server-auth.js';
export type { ExportedTokens, ImportableTokens } from './session/exported-tokens.js';
export type { Inspect } from './session/inspected-replica.js';
export type { ReauthenticationDue } from './session/reauthentications.js';
export type { ReauthenticationReason } from './session/refresh-token-life.js';
export type { Scopes } from './session/scopes.js';
export type { SessionSnapshot, SessionState } from './session/session-snapshot.js';
export type { RevocationResult } from './session/token-requests.js';
export type { GetTokenOptions, RevocationOptions, StateChange, TokenSession } from './session/token-session.js';
export type {
  AuthorizationUrl,
  AuthorizationUrlOptions,
  CallbackOptions,
  CodeExchange,
  UserSession,
} from './session/user-session.js';
export { SPAAuth, type SPAAuthOptions } from './spa-auth.js';
export { StaticTokenAuth, type StaticTokenAuthOptions } from './static-token-auth.js';
export { WebAppAuth, type WebAppAuthOptions } from './web-app-auth.js';
