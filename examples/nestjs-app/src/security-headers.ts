import type { NextFunction, Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { STYLE_SOURCE } from './pages/layout.js';

/** The headers of every response. Each may concern one user, and no page runs a script. */
export const pageHeaders: RequestHandler[] = [
  noStore,
  headers({
    defaultSrc: ["'none'"],
    styleSrc: [STYLE_SOURCE],
    imgSrc: ['data:'],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  }),
];

/** The headers of the OpenAPI page, which has scripts and sends requests. */
export const openApiHeaders: RequestHandler = headers({
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
});

function headers(directives: Record<string, string[]>): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // The address of a callback contains a code, which must not leak to other sites.
    referrerPolicy: { policy: 'same-origin' },
    // The proxy that terminates TLS must set it; on localhost it would affect every other application.
    strictTransportSecurity: false,
  });
}

function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.set('Cache-Control', 'no-store');
  next();
}
