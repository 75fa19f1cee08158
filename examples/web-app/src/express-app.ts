// Sign-in with Frame.io in an Express application.
import { frameioAuth } from '@frameio-auth/sign-in/express';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Portal } from './frameio.ts';
import { headers, type Page } from './layout.ts';
import { errorPage, home, notFound } from './pages.ts';

export function expressApp({ frameio, api }: Portal): Express {
  const app = express().disable('x-powered-by');
  app.use((_request, response, next) => {
    response.set(headers);
    next();
  });
  app.use(frameioAuth(frameio));

  app.get('/', async ({ frameio }, response) => {
    send(response, await home(frameio, api));
  });

  app.use((_request, response) => send(response, notFound));

  // Express recognizes an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    send(response, errorPage(error));
  });
  return app;
}

function send(response: Response, { status, html }: Page): void {
  response.status(status).type('html').send(html);
}
