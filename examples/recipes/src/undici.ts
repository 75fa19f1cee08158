import type { TokenSource } from '@frameio-auth/core/adapter';
import { authInterceptor } from '@frameio-auth/transport-undici';
import { Agent } from 'undici';

/** For `request()`, `stream()` and similar functions: `await request('https://api.frame.io/v4/me', { dispatcher })`. */
export function frameioDispatcher(auth: TokenSource, origin = 'https://api.frame.io') {
  return new Agent().compose(authInterceptor(auth, { allowedOrigins: [origin] }));
}
