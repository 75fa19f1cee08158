import type { UserSession } from '@frameio-auth/core';
import type { ExecutionContext } from '@nestjs/common';

/** What the requests of Express, Fastify and others have in common. */
export interface FrameioRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A browser that came back from a sign-in, or that signs out. */
export interface FrameioVisit {
  /** The session's key: whom the tokens belong to in this application. Keep it as you would keep a login. */
  readonly key: string;
  readonly session: UserSession;
  /** The HTTP request and response, as the platform has them. */
  readonly request: FrameioRequest;
  readonly response: object;
}

/**
 * The application's side of its users' sessions: who a request is from. An object, or an injectable class that
 * implements it. The methods that take a request may ask for the platform's own type of it.
 */
export interface FrameioUsers {
  /**
   * The user whom an HTTP request is from, by the application's own login, or by what `admit()` kept; also of a GraphQL
   * request, whose context has it as `req` or `request`. It becomes the session's key, so it must never be what the
   * browser can choose. The key is a name and no secret, so a cookie never holds it as it is: that is refused with
   * `key_in_cookie`.
   *
   * @returns a user's id; nothing, or an empty string, for a browser that is not logged in
   */
  identify(
    request: FrameioRequest,
    context: ExecutionContext,
  ): string | null | undefined | Promise<string | null | undefined>;
  /**
   * The user whom a message of a microservice is from. Whoever can send messages decides what is in them, so it must tell
   * by what the application itself put there or has verified. Without this method, there is no user but where there is
   * a request.
   */
  identifyMessage?(context: ExecutionContext): string | null | undefined | Promise<string | null | undefined>;
  /**
   * For an application in which signing in is the login: called each time that somebody has signed in, before the browser
   * is sent on. `visit.key` is fresh and random, whoever the browser was before; from now on `identify()` is to return it
   * for this browser, so give the browser a new cookie that stands for it: a random one, with the key in a server-side
   * session, or the key encrypted. A browser that lost its first answer is admitted once more, by the
   * same key. The session that `identify()` knew until then is given up afterwards, and its tokens are revoked unless that
   * may end the new ones too; when this method throws, the new session is revoked. Without this method, only users who are logged in to the application can sign in, and the tokens
   * are for whom `identify()` names.
   */
  admit?(visit: FrameioVisit): unknown;
  /** Called when a user has signed out, before the browser is sent on: the place to end the application's login too. */
  dismiss?(visit: FrameioVisit): unknown;
}
