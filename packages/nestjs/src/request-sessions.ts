import { AuthenticationError, ConfigurationError, FrameioAuthError } from '@frameio-auth/core';
import { type ExecutionContext, Inject, Injectable, Logger, SetMetadata } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { Connection } from './connection.js';
import type { FrameioTokenSource } from './connection-options.js';
import { FrameioConnections } from './frameio-connections.js';
import type { FrameioRequest, FrameioUsers } from './frameio-users.js';
import { exceptionOf, type FrameioAuthException } from './http-exception.js';

const CONNECTION = 'frameio-auth:connection';

/** Which connection the guard and the parameter decorators of a handler, or of a whole class, are about. */
export const FrameioConnection = (name: string): ReturnType<typeof SetMetadata> => SetMetadata(CONNECTION, name);

/** Whose session a request is about, and what to answer where there is none. */
@Injectable()
export class RequestSessions {
  readonly #connections: FrameioConnections;
  readonly #host: HttpAdapterHost;
  readonly #reflector = new Reflector();
  readonly #logger = new Logger('FrameioAuth');

  constructor(
    @Inject(FrameioConnections) connections: FrameioConnections,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
  ) {
    this.#connections = connections;
    this.#host = host;
  }

  /** @param name - default: what {@link FrameioConnection} says */
  connection(context: ExecutionContext, name?: string): Connection {
    return this.#connections.get(
      name ?? this.#reflector.getAllAndOverride<string>(CONNECTION, [context.getHandler(), context.getClass()]),
    );
  }

  /**
   * The session of the user whom the request is from, or of the application itself where no users sign in.
   *
   * @throws AuthenticationError `not_logged_in`
   */
  async session(context: ExecutionContext, connection: Connection): Promise<FrameioTokenSource> {
    const { users } = connection;
    if (users === undefined) return connection.session();
    const key = await userOf(users, context);
    if (key === undefined) {
      const message = 'Nobody is logged in to this application.';
      throw new AuthenticationError('not_logged_in', message, { errorDescription: message });
    }
    return connection.userSession(key);
  }

  /** Does something with a request's session; what goes wrong is fit for its answer. */
  async use<Result>(
    context: ExecutionContext,
    name: string | undefined,
    work: (session: FrameioTokenSource, connection: Connection) => Result | Promise<Result>,
  ): Promise<Result> {
    let connection: Connection | undefined;
    let session: FrameioTokenSource | undefined;
    try {
      connection = this.connection(context, name);
      session = await this.session(context, connection);
      return await work(session, connection);
    } catch (error) {
      if (error instanceof AuthenticationError && session !== undefined) connection?.letGo(session);
      if (!(error instanceof FrameioAuthError)) throw error;
      if (connection === undefined) this.#logger.error(error.message);
      throw this.prepared(connection?.exceptionOf(error) ?? exceptionOf(error), context);
    }
  }

  /** Sets the headers that an exception wants on its answer, so that it needs no filter of ours. */
  prepared(exception: FrameioAuthException, context: ExecutionContext): FrameioAuthException {
    if (context.getType<string>() !== 'http') return exception;
    const response: unknown = context.switchToHttp().getResponse();
    for (const [name, value] of Object.entries(exception.headers)) {
      this.#host.httpAdapter.setHeader(response, name, value);
    }
    return exception;
  }
}

/** The HTTP request that a handler was called for; `undefined` where it was a message. */
export function requestOf(context: ExecutionContext): FrameioRequest | undefined {
  switch (context.getType<string>()) {
    case 'http':
      return context.switchToHttp().getRequest<FrameioRequest>();
    case 'graphql': {
      // Resolvers are called with the parent, the arguments, and then the context of the GraphQL request.
      const { req, request } = context.getArgByIndex<{ req?: FrameioRequest; request?: FrameioRequest }>(2) ?? {};
      return req ?? request;
    }
    default:
      return undefined;
  }
}

/** Whether who sent a request can be shown a page. */
export function acceptsPage({ headers }: FrameioRequest): boolean {
  return String(headers['accept']).includes('text/html');
}

/** The user whom the application says that the request, or the message, is from. */
export async function userOf(users: FrameioUsers, context: ExecutionContext): Promise<string | undefined> {
  const request = requestOf(context);
  if (request === undefined) return (await users.identifyMessage?.(context)) || undefined;
  const key = await users.identify(request, context);
  if (key && isInCookie(request, key)) {
    throw new ConfigurationError(
      'key_in_cookie',
      "users.identify() returned what a cookie of the browser holds, as it is. A session's key is a name and no secret: storages show it, and whoever can plant the cookie would have the tokens. Give the browser a random value at each sign-in, keep which key it stands for, and return that; or encrypt the key.",
    );
  }
  return key || undefined;
}

function isInCookie({ headers }: FrameioRequest, key: string): boolean {
  const pairs = String(headers['cookie'] ?? '').split(/; */);
  return pairs.some((pair) => readingsOf(pair.slice(pair.indexOf('=') + 1)).includes(key));
}

/** The value of a cookie, as it is and as cookie libraries read it: without quotes, and decoded. */
function readingsOf(value: string): string[] {
  const unquoted = value.replace(/^"(.*)"$/, '$1');
  try {
    return [value, unquoted, decodeURIComponent(unquoted)];
  } catch {
    return [value, unquoted]; // A percent sign that encodes nothing.
  }
}

/**
 * Whether a page of the application sent a request, or the user did by typing or a bookmark, and no other site. Browsers
 * say so in `Sec-Fetch-Site`, which no page can forge; of those that do not, the page is known by `Referer`.
 */
export function isFromOwnPage({ headers }: FrameioRequest, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return URL.parse(String(headers['referer']))?.origin === origin;
}
