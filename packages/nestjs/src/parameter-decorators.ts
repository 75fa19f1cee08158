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
import { RequestSessions } from './request-sessions.js';

/** What a decorator gives of a request's session. */
type Gift = (session: FrameioTokenSource, connection: Connection) => unknown;

/** What a decorator gives where it could not find the sessions: {@link WishPipe} does, behind the application's pipes. */
class Wish {
  /** Of a copy that a pipe may have made, it says that it is one. */
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
 * Lets everybody pass, and says to which application a call belongs: Nest injects into guards, and not into parameter
 * decorators. Each handler with one of our decorators has it. Several applications of one process may have the same
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

/** Nest calls no guards for field resolvers of GraphQL, unless it is told to. Its pipes come last. */
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
    if (name === undefined) return; // Of a constructor, where Nest has no use for it.
    const method = Object.getOwnPropertyDescriptor(target, name);
    if (method !== undefined) UseGuards(SessionsAtHand)(target, name, method);
  };
}

/** Validation would copy a session or a client, which are no input: where it goes by types, theirs says nothing. */
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
 * An access token of the request's user, good now: a string. It may be renewed for that, and rejects as the guard does.
 * Works in controllers, GraphQL resolvers and microservice handlers alike, with or without the guard. Pipes of the
 * application see what the decorators give, as with `createParamDecorator()`.
 *
 * @param connection - default: what {@link FrameioConnection} says, or else the connection without a name
 */
export const FrameioToken = (connection?: string): ParameterDecorator => token(connection);

/** The session of the request's user, signed in or not: a `UserSession`, where users sign in. */
export const FrameioSession = (connection?: string): ParameterDecorator => unvalidated(session(connection));

/** The HTTP client that the option `http` made for the session of the request's user. */
export const FrameioHttp = (connection?: string): ParameterDecorator => unvalidated(http(connection));
