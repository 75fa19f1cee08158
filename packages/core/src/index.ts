/** For applications: the sign-in flows, the servers, the errors, and the public state of a session. */
export type { CommonOptions, UserAuthOptions } from './auth-options.js';
export type { ErrorCode, ForeignErrorCode, KnownErrorCode } from './kernel/error-codes.js';
export {
  AuthenticationError,
  type AuthenticationErrorDetails,
  ConfigurationError,
  FrameioAuthError,
  ProtocolError,
  RateLimitError,
  StorageError,
  TokenExpiredError,
  TransportError,
  UserActionRequiredError,
} from './kernel/errors.js';
export type { Failure, FailureKind } from './kernel/failure.js';
export type { EndingCause } from './kernel/session-ending.js';
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
export type { SessionSnapshot, SessionState, StateChange } from './session/session-snapshot.js';
export type {
  AuthorizationUrl,
  AuthorizationUrlOptions,
  CallbackOptions,
  CodeExchange,
} from './session/sign-in-options.js';
export type { RevocationResult } from './session/token-requests.js';
export type { GetTokenOptions, RevocationOptions, TokenSession } from './session/token-session.js';
export type { UserSession } from './session/user-session.js';
export { SPAAuth, type SPAAuthOptions } from './spa-auth.js';
export { StaticTokenAuth, type StaticTokenAuthOptions } from './static-token-auth.js';
export { WebAppAuth, type WebAppAuthOptions } from './web-app-auth.js';
