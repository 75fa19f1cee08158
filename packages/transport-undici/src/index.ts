import './supported-node.js';

export { authInterceptor } from './auth-interceptor.js';
export type { ConnectionOptions } from './connections.js';
export {
  type LimitedRequest,
  type RateLimitInterceptorOptions,
  rateLimitInterceptor,
} from './rate-limit-interceptor.js';
export { type UndiciTransport, type UndiciTransportOptions, undiciTransport } from './undici-transport.js';
