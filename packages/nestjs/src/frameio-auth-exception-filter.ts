import { FrameioAuthError } from '@frameio-auth/core';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { exceptionOf, FrameioAuthException } from './http-exception.js';

/**
 * Answers the errors of these packages that nobody caught, as {@link exceptionOf} has it: over HTTP with status, JSON
 * and headers, to a microservice's caller with the JSON. Guard and decorators throw what is fit for HTTP without it.
 *
 * For the whole application: `{ provide: APP_FILTER, useClass: FrameioAuthExceptionFilter }`.
 */
@Catch(FrameioAuthError, FrameioAuthException)
export class FrameioAuthExceptionFilter implements ExceptionFilter<FrameioAuthError | FrameioAuthException> {
  readonly #host: HttpAdapterHost;
  readonly #logger = new Logger('FrameioAuth');

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#host = host;
  }

  catch(error: FrameioAuthError | FrameioAuthException, host: ArgumentsHost): unknown {
    const exception = error instanceof FrameioAuthException ? error : exceptionOf(error);
    if (exception !== error && exception.getStatus() >= 500) this.#logger.error(error.message);
    switch (host.getType<string>()) {
      case 'http':
        return this.#answer(exception, host);
      case 'rpc':
        return throwError(() => exception.getResponse());
      default:
        return exception; // GraphQL makes its own answer of it.
    }
  }

  #answer(exception: FrameioAuthException, host: ArgumentsHost): void {
    const { httpAdapter } = this.#host;
    const response: unknown = host.switchToHttp().getResponse();
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    for (const [name, value] of Object.entries(exception.headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, exception.getResponse(), exception.getStatus());
  }
}
