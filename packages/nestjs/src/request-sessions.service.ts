import { AuthenticationError, ConfigurationError, FrameioAuthError } from '@frameio-auth/core';
import { type ExecutionContext, Inject, Injectable, Logger, SetMetadata } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { Connection } from './connection.js';
import type { FrameioTokenSource } from './connection-options.js';
import { exceptionOf, type FrameioAuthException } from './frameio-auth.exception.js';
import { FrameioConnections } from './frameio-connections.service.js';
import type { FrameioRequest, FrameioUsers } from './frameio-users.interface.js';

const CONNECTION = 'frameio-auth:connection';

/** Sets the connection that the guard and the parameter decorators use, for a handler or a whole class. */
export const FrameioConnection = (name: string): ReturnType<typeof SetMetadata> => SetMetadata(CONNECTION, name);

/** Finds the session that a request belongs to, and the response if there is none. */
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

  /**
   * Returns the connection of a handler.
   *
   * @param name - default: the one that {@link FrameioConnection} sets
   */
  connection(context: ExecutionContext, name?: string): Connection {
    return this.#connections.get(
      name ?? this.#reflector.getAllAndOverride<string>(CONNECTION, [context.getHandler(), context.getClass()]),
    );
  }

  /**
   * Resolves to the session of the request's user, or to the application's own if no users sign in.
   *
   * @throws AuthenticationError `not_logged_in`
   */
  async session(context: ExecutionContext, connection: Connection): Promise<FrameioTokenSource> {
    const { users } = connection;
    if (users === undefined) return connection.session();
    const key = await userOf(users, context);
    if (key === undefined) {
      const message = 'No user is logged in to this application. Log in, then repeat the request.';
      throw new AuthenticationError('not_logged_in', message, { errorDescription: message });
    }
    return connection.userSession(key);
  }

  /** Runs an operation with the session of a request. Errors are converted for the response. */
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

  /** Sets the exception's headers on the response, so that it needs no filter of this package. */
  prepared(exception: FrameioAuthException, context: ExecutionContext): FrameioAuthException {
    if (context.getType<string>() !== 'http') return exception;
    const response: unknown = context.switchToHttp().getResponse();
    for (const [name, value] of Object.entries(exception.headers)) {
      this.#host.httpAdapter.setHeader(response, name, value);
    }
    return exception;
  }
}

/** Returns the HTTP request that a handler was called for; `undefined` for a message. */
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

/** Whether the sender of a request can display a page. */
export function acceptsPage({ headers }: FrameioRequest): boolean {
  return String(headers['accept']).includes('text/html');
}

/** Resolves to the user that the application identifies for the request or the message. */
export async function userOf(users: FrameioUsers, context: ExecutionContext): Promise<string | undefined> {
  const request = requestOf(context);
  if (request === undefined) return (await users.identifyMessage?.(context)) || undefined;
  const key = await users.identify(request, context);
  if (key && isInCookie(request, key)) {
    throw new ConfigurationError(
      'key_in_cookie',
      'users.identify() returned a session key that the browser sent unchanged in a cookie. Keys are names, not secrets, so anyone who can plant that cookie could use the tokens. Give the browser a random cookie at each sign-in, map it to the key on the server, and return the key; or encrypt the key in the cookie.',
    );
  }
  return key || undefined;
}

function isInCookie({ headers }: FrameioRequest, key: string): boolean {
  const pairs = String(headers['cookie'] ?? '').split(/; */);
  return pairs.some((pair) => readingsOf(pair.slice(pair.indexOf('=') + 1)).includes(key));
}

/** Returns the value of a cookie unchanged, and as cookie libraries read it: without quotes, and decoded. */
function readingsOf(value: string): string[] {
  const unquoted = value.replace(/^"(.*)"$/, '$1');
  try {
    return [value, unquoted, decodeURIComponent(unquoted)];
  } catch {
    return [value, unquoted]; // Contains a percent sign that encodes nothing.
  }
}

/**
 * Whether a request comes from a page of the application, or from the user's own typing or bookmark, and not from
 * another site. Browsers say so in `Sec-Fetch-Site`, which no page can forge. In browsers without it, `Referer`
 * identifies the page.
 */
export function isFromOwnPage({ headers }: FrameioRequest, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return URL.parse(String(headers['referer']))?.origin === origin;
}
