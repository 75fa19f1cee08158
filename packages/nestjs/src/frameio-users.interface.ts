import type { UserSession } from '@frameio-auth/core';
import type { ExecutionContext } from '@nestjs/common';

/** The properties that requests of Express, Fastify and other platforms share. */
export interface FrameioRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Describes a browser that returned from a sign-in, or that signs out. */
export interface FrameioVisit {
  /** The key of the session: the user of this application that the tokens belong to. Protect it like a login. */
  readonly key: string;
  readonly session: UserSession;
  /** The HTTP request and response of the platform. */
  readonly request: FrameioRequest;
  readonly response: object;
}

/**
 * Connects sessions to the application's users: tells which user a request is from. Can be an object or an injectable
 * class. The methods that take a request may declare the platform's own type.
 */
export interface FrameioUsers {
  /**
   * Identifies the user of an HTTP request, by the application's own login or by what `admit()` stored. Also called for
   * GraphQL requests, if the context has the request as `req` or `request`.
   *
   * The result is the session's key, so the browser must never be able to choose it. The key is a name, not a secret. A
   * cookie that contains it unchanged is rejected with `key_in_cookie`.
   *
   * @returns the user's id; nothing or an empty string if the browser is not logged in
   */
  identify(
    request: FrameioRequest,
    context: ExecutionContext,
  ): string | null | undefined | Promise<string | null | undefined>;
  /**
   * Identifies the user of a microservice message. Senders control the content of a message, so rely only on what the
   * application itself put there or has verified. Without this method, only requests have a user.
   */
  identifyMessage?(context: ExecutionContext): string | null | undefined | Promise<string | null | undefined>;
  /**
   * Logs the browser in, for applications in which signing in is the login. Called after each sign-in, before the
   * browser is redirected.
   *
   * `visit.key` is new and random, regardless of the previous user of this browser. From now on, `identify()` must
   * return it for this browser. So set a new cookie that stands for the key: a random one, with the key in a
   * server-side session, or the encrypted key.
   *
   * If the browser lost the first response, the method is called again with the same key. Afterwards, the session that
   * `identify()` returned before is closed. Its tokens are revoked, unless that could end the new ones too.
   *
   * To reject a sign-in, throw. The new session is then closed and its tokens are revoked, unless that could end the
   * session that the browser had before.
   *
   * Without this method, only users who are logged in to the application can sign in. The tokens then belong to the
   * user that `identify()` returns.
   */
  admit?(visit: FrameioVisit): unknown;
  /** Ends the application's own login. Called after a user has signed out, before the browser is redirected. */
  dismiss?(visit: FrameioVisit): unknown;
}
