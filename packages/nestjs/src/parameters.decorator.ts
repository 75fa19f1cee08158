import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type PipeTransform,
  UseGuards,
} from '@nestjs/common';
import type { Connection } from './connection.js';
import type { FrameioTokenSource } from './connection-options.js';
import { RequestSessions } from './request-sessions.service.js';

/** Computes what a decorator provides, from the session of a request. */
type Gift = (session: FrameioTokenSource, connection: Connection) => unknown;

/**
 * Stands in for the value if a decorator could not find the sessions. {@link WishPipe} resolves it after the
 * application's pipes.
 */
class Wish {
  /** Also marks a copy that a pipe made. */
  readonly isFrameioWish = true;
  readonly fulfil: (sessions: RequestSessions) => Promise<unknown>;

  constructor(fulfil: Wish['fulfil']) {
    this.fulfil = fulfil;
  }
}

/** The sessions of the application that calls a handler, by the objects that the handler is called with. */
const sessionsOfCalls = new WeakMap<object, RequestSessions>();

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/**
 * Admits every call and records which application it belongs to. Nest injects into guards, but not into parameter
 * decorators. Each handler with one of these decorators has this guard. Several applications in one process may share a
 * controller.
 */
@Injectable()
class SessionsAtHand implements CanActivate {
  readonly #sessions: RequestSessions;

  constructor(@Inject(RequestSessions) sessions: RequestSessions) {
    this.#sessions = sessions;
  }

  canActivate(context: ExecutionContext): boolean {
    for (const argument of context.getArgs()) if (isObject(argument)) sessionsOfCalls.set(argument, this.#sessions);
    return true;
  }
}

/** By default, Nest calls no guards for GraphQL field resolvers. Their pipes run last. */
@Injectable()
class WishPipe implements PipeTransform<unknown, unknown> {
  readonly #sessions: RequestSessions;

  constructor(@Inject(RequestSessions) sessions: RequestSessions) {
    this.#sessions = sessions;
  }

  transform(value: unknown): unknown {
    if (value instanceof Wish) return value.fulfil(this.#sessions);
    if (isObject(value) && 'isFrameioWish' in value) {
      throw new TypeError(
        "A pipe copied what a decorator of @frameio-auth/nestjs gave a field resolver. Add 'guards' to fieldResolverEnhancers of GraphQLModule.",
      );
    }
    return value;
  }
}

function decorator(gift: Gift): (connection: string | undefined) => ParameterDecorator {
  const parameter = createParamDecorator((connection: string | undefined, context: ExecutionContext) => {
    const fulfil = (sessions: RequestSessions) => sessions.use(context, connection, gift);
    const known = context.getArgs().find((argument) => isObject(argument) && sessionsOfCalls.has(argument));
    const sessions = known && sessionsOfCalls.get(known);
    return sessions === undefined ? new Wish(fulfil) : fulfil(sessions);
  });
  return (connection) => (target, name, index) => {
    parameter(connection, WishPipe)(target, name, index);
    if (name === undefined) return; // A parameter of a constructor, where Nest ignores it.
    const method = Object.getOwnPropertyDescriptor(target, name);
    if (method !== undefined) UseGuards(SessionsAtHand)(target, name, method);
  };
}

/**
 * Exempts a session or a client from validation, which would copy it. Validation goes by types, and the type `Object`
 * means nothing to it.
 */
function unvalidated(decorate: ParameterDecorator): ParameterDecorator {
  return (target, name, index) => {
    decorate(target, name, index);
    if (name === undefined) return;
    const types: unknown[] | undefined = Reflect.getOwnMetadata('design:paramtypes', target, name);
    if (types !== undefined) {
      Reflect.defineMetadata('design:paramtypes', types.with(index, Object), target, name);
    }
  };
}

const token = decorator((session) => session.getToken());
const session = decorator((its) => its);
const http = decorator((its, connection) => connection.client(its));

/**
 * Provides a valid access token of the request's user, as a string. Refreshes it if necessary, and rejects as the guard
 * does. Works in controllers, GraphQL resolvers and microservice handlers, with or without the guard. As with
 * `createParamDecorator()`, the application's pipes see the value.
 *
 * @param connection - default: the one that {@link FrameioConnection} sets, or else the connection without a name
 */
export const FrameioToken = (connection?: string): ParameterDecorator => token(connection);

/** Provides the session of the request's user, signed in or not: a `UserSession` if users sign in. */
export const FrameioSession = (connection?: string): ParameterDecorator => unvalidated(session(connection));

/** Provides the HTTP client that the option `http` created for the session of the request's user. */
export const FrameioHttp = (connection?: string): ParameterDecorator => unvalidated(http(connection));
