import type { IncomingHttpHeaders } from 'node:http';
import type { SignInRequest } from './web/request.js';

/** Reads a request of Node as the sign-in needs it. */
export function nodeRequest(method: string, url: string, headers: IncomingHttpHeaders): SignInRequest {
  return { method, url, headers: { get: (name) => headers[name]?.toString() ?? null } };
}
