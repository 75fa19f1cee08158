import { FrameioAuthError } from '@frameio-auth/core';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { exceptionOf, FrameioAuthException } from './frameio-auth.exception.js';

/**
 * Answers uncaught errors of these packages as {@link exceptionOf} describes. HTTP requests get a status, JSON and
 * headers; callers of a microservice get the JSON. Exceptions of the guard and the decorators do not need this filter
 * over HTTP.
 *
 * To apply it to the whole application: `{ provide: APP_FILTER, useClass: FrameioAuthExceptionFilter }`.
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
        return answerWith(this.#host, host.switchToHttp().getResponse(), exception);
      case 'rpc':
        return throwError(() => exception.getResponse());
      default:
        return exception; // GraphQL formats the response itself.
    }
  }
}

/** Answers an HTTP request with an exception: its status and headers, and its JSON unless `shown` replaces it. */
export function answerWith(
  { httpAdapter }: HttpAdapterHost,
  response: unknown,
  exception: FrameioAuthException,
  shown: { readonly body: string; readonly headers: Readonly<Record<string, string>> } | undefined = undefined,
): void {
  if (httpAdapter.isHeadersSent(response)) {
    httpAdapter.end(response);
    return;
  }
  const headers = { ...exception.headers, ...shown?.headers };
  for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
  httpAdapter.reply(response, shown?.body ?? exception.getResponse(), exception.getStatus());
}
