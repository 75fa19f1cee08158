import type { NextFunction, Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { STYLE_SOURCE } from './pages/layout.js';

/** The headers of every answer. Each may be about one user, and none of the pages runs a script. */
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

/** Those of the OpenAPI page, which has scripts of its own, and tries requests out. */
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
    // The address of a callback holds a code, which is nobody else's business.
    referrerPolicy: { policy: 'same-origin' },
    // For whoever ends TLS to set: on localhost it would hold for everything else that is developed there.
    strictTransportSecurity: false,
  });
}

function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.set('Cache-Control', 'no-store');
  next();
}
