import './supported-node.js';

export { type ApiMannersOptions, apiManners, type LimitedRequest } from './api-manners.js';
export { authInterceptor } from './auth-interceptor.js';
export type { ConnectionOptions } from './connections.js';
export { type UndiciTransport, type UndiciTransportOptions, undiciTransport } from './undici-transport.js';
