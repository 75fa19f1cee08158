export { type Clock, systemClock, type TimerHandle } from './kernel/clock.js';
export { type Entropy, systemEntropy } from './kernel/entropy.js';
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
export type { Delivery, Failure, FailureKind } from './kernel/failure.js';
export type {
  CommitReply,
  CommitRequest,
  Lease,
  LeaseReply,
  LeaseRequest,
  Reading,
  StoredRecord,
  TokenStorage,
  Unsubscribe,
} from './kernel/token-storage.js';
export type { Transport, TransportRequest } from './kernel/transport.js';
