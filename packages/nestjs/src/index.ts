export type { FrameioAuthModuleExtras } from './connection.module.js';
export {
  FrameioAuthEvents,
  type FrameioReauthenticationDue,
  type FrameioStateChanged,
  type FrameioTokensRefreshed,
} from './connection-events.js';
export type {
  ConnectionOptions,
  FrameioAuth,
  FrameioAuthModuleOptions,
  FrameioTokenSource,
  ServerToServerConnection,
  StaticTokenConnection,
  WebAppConnection,
} from './connection-options.js';
export { FrameioAuthException, type FrameioAuthProblem } from './frameio-auth.exception.js';
export { FrameioAuthGuard, SkipFrameioAuth } from './frameio-auth.guard.js';
export {
  FrameioAuthHealthIndicator,
  type FrameioHealth,
  type FrameioHealthOptions,
} from './frameio-auth.health.js';
export {
  type FrameioAuthAsyncOptions,
  FrameioAuthModule,
  type FrameioAuthOptionsFactory,
} from './frameio-auth.module.js';
export { FrameioAuthExceptionFilter } from './frameio-auth-exception.filter.js';
export type { FrameioRequest, FrameioUsers, FrameioVisit } from './frameio-users.interface.js';
export {
  getFrameioAuthToken,
  getFrameioHttpToken,
  getFrameioSessionToken,
  InjectFrameioAuth,
  InjectFrameioHttp,
  InjectFrameioSession,
} from './injection-tokens.js';
export { FrameioHttp, FrameioSession, FrameioToken } from './parameters.decorator.js';
export { FrameioConnection } from './request-sessions.service.js';
export type { SignInOptions } from './sign-in/sign-in-routes.js';
