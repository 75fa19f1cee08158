import { FrameioAuthError } from '@frameio-auth/core';
import { FrameioAuthException, FrameioAuthExceptionFilter } from '@frameio-auth/nestjs';
import { type ArgumentsHost, Catch, HttpException, Logger } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { errorPageFor } from './apology.js';

/** Responds to errors: to people with a page, to programs with JSON. */
@Catch()
export class PageExceptionFilter extends BaseExceptionFilter {
  private readonly problems: FrameioAuthExceptionFilter;
  private readonly logger = new Logger(PageExceptionFilter.name);

  constructor(host: HttpAdapterHost) {
    super(host.httpAdapter);
    this.problems = new FrameioAuthExceptionFilter(host);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const isRedirect = error instanceof FrameioAuthException && error.getStatus() < 400;
    if (request.accepts(['json', 'html']) === 'html' && !isRedirect) {
      this.show(error, host.switchToHttp().getResponse());
    } else if (error instanceof FrameioAuthError || error instanceof FrameioAuthException) {
      this.problems.catch(error, host);
    } else {
      super.catch(error, host);
    }
  }

  private show(error: unknown, response: Response): void {
    const { status, page } = errorPageFor(error);
    // HttpExceptions were logged where they were thrown. The errors of these packages contain no token.
    if (status >= 500 && !(error instanceof HttpException)) {
      this.logger.error(error instanceof FrameioAuthError ? error.message : error);
    }
    response.status(status).type('html').send(page);
  }
}
