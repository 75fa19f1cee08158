import { FrameioAuthError } from '@frameio-auth/core';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Connection } from '../connection.js';
import { FrameioAuthException } from '../frameio-auth.exception.js';
import { answerWith } from '../frameio-auth-exception.filter.js';
import type { FrameioRequest } from '../frameio-users.interface.js';
import { connectionToken } from '../injection-tokens.js';
import { acceptsPage } from '../request-sessions.service.js';
import { failurePage, PAGE_HEADERS } from './failure-page.js';

/** Answers failures of a connection's sign-in: people get a page, programs get JSON. */
export function signInExceptionFilter(connectionName: string): Type<ExceptionFilter> {
  @Catch(FrameioAuthError, FrameioAuthException)
  class FrameioSignInExceptionFilter implements ExceptionFilter<FrameioAuthError | FrameioAuthException> {
    readonly #connection: Connection;
    readonly #host: HttpAdapterHost;

    constructor(
      @Inject(connectionToken(connectionName)) connection: Connection,
      @Inject(HttpAdapterHost) host: HttpAdapterHost,
    ) {
      this.#connection = connection;
      this.#host = host;
    }

    catch(error: FrameioAuthError | FrameioAuthException, host: ArgumentsHost): void {
      const request = host.switchToHttp().getRequest<FrameioRequest>();
      const response = host.switchToHttp().getResponse<object>();
      const exception = error instanceof FrameioAuthException ? error : this.#connection.exceptionOf(error);
      if (acceptsPage(request)) {
        const page = failurePage(exception.getResponse());
        answerWith(this.#host, response, exception, { body: page, headers: PAGE_HEADERS });
      } else {
        answerWith(this.#host, response, exception);
      }
    }
  }
  return FrameioSignInExceptionFilter;
}
