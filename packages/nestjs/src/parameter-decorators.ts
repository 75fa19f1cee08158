import { createParamDecorator, type ExecutionContext, Inject, Injectable, type PipeTransform } from '@nestjs/common';
import type { FrameioTokenSource } from './connection-options.js';
import { RequestSessions } from './request-sessions.js';

/** What a decorator knows: the request, and the connection if one was named. A pipe, which can be injected into, does the rest. */
interface Wish {
  readonly context: ExecutionContext;
  readonly connection: string | undefined;
}

const wish = createParamDecorator(
  (connection: string | undefined, context: ExecutionContext): Wish => ({ context, connection }),
);

@Injectable()
class TokenPipe implements PipeTransform<Wish, Promise<string>> {
  readonly #sessions: RequestSessions;

  constructor(@Inject(RequestSessions) sessions: RequestSessions) {
    this.#sessions = sessions;
  }

  transform({ context, connection }: Wish): Promise<string> {
    return this.#sessions.use(context, connection, (session) => session.getToken());
  }
}

@Injectable()
class SessionPipe implements PipeTransform<Wish, Promise<FrameioTokenSource>> {
  readonly #sessions: RequestSessions;

  constructor(@Inject(RequestSessions) sessions: RequestSessions) {
    this.#sessions = sessions;
  }

  transform({ context, connection }: Wish): Promise<FrameioTokenSource> {
    return this.#sessions.use(context, connection, (session) => session);
  }
}

@Injectable()
class HttpPipe implements PipeTransform<Wish, Promise<unknown>> {
  readonly #sessions: RequestSessions;

  constructor(@Inject(RequestSessions) sessions: RequestSessions) {
    this.#sessions = sessions;
  }

  transform({ context, connection }: Wish): Promise<unknown> {
    return this.#sessions.use(context, connection, (session, its) => its.client(session));
  }
}

/**
 * An access token of the request's user, good now: a string. It may be renewed for that, and rejects as the guard does.
 * Works in controllers, GraphQL resolvers and microservice handlers alike, with or without the guard.
 *
 * @param connection - default: what {@link FrameioConnection} says, or else the connection without a name
 */
export const FrameioToken = (connection?: string): ParameterDecorator => wish(connection, TokenPipe);

/** The session of the request's user, signed in or not: a `UserSession`, where users sign in. */
export const FrameioSession = (connection?: string): ParameterDecorator => wish(connection, SessionPipe);

/** The HTTP client that the option `http` made for the session of the request's user. */
export const FrameioHttp = (connection?: string): ParameterDecorator => wish(connection, HttpPipe);
