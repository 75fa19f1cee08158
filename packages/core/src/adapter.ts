/** For authors of adapters: the ports, the checks of their arguments, and what transports and HTTP clients share. */
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
export { ownPath } from './http/own-path.js';
export { type Problem, problemOf } from './http/problem.js';
export { isRepeatable, isRepeatableBody } from './http/repeatable-request.js';
export { type Clock, systemClock, type TimerHandle } from './kernel/clock.js';
export { type Entropy, systemEntropy } from './kernel/entropy.js';
export { foreignCode } from './kernel/errors.js';
export type { Delivery } from './kernel/failure.js';
export { retryAfterOf } from './kernel/retry-after.js';
export { isLoopback, isSecureUrl } from './kernel/secure-url.js';
export { assertCommitRequest, assertDueRequest, assertKey, assertLeaseRequest } from './kernel/storage-arguments.js';
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
