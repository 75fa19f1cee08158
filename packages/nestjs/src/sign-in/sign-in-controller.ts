import { randomBytes } from 'node:crypto';
import { AuthenticationError, type UserSession, type WebAppAuth } from '@frameio-auth/core';
import {
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  HttpStatus,
  Inject,
  Post,
  Query,
  Req,
  Res,
  type Type,
  UseFilters,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Connection } from '../connection.js';
import { FrameioAuthExceptionFilter } from '../frameio-auth-exception-filter.js';
import { SkipFrameioAuth } from '../frameio-auth-guard.js';
import type { FrameioRequest, FrameioUsers } from '../frameio-users.js';
import { forbidden } from '../http-exception.js';
import { connectionToken } from '../injection-tokens.js';
import { userOf } from '../request-sessions.js';
import { ownPath } from './return-to.js';
import { SignInCookie } from './sign-in-cookie.js';
import { type SignInOptions, type SignInRoutes, signInPath } from './sign-in-routes.js';

/** Answers that must not be kept, and whose address, which has the code, must not be told to the next page. */
const PRIVATE = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };

const Context = createParamDecorator((_data: unknown, context: ExecutionContext) => context);

/**
 * The controller of a connection's sign-in. It answers by the platform's adapter, and not by what its methods return,
 * because an interceptor of the application may wrap that.
 */
export function signInController(connectionName: string, signIn: SignInOptions): Type {
  // Whatever version of its own routes the application is at, these are where the server sends users back to.
  @Controller({ path: signInPath(connectionName, signIn), version: VERSION_NEUTRAL })
  @UseFilters(FrameioAuthExceptionFilter)
  @SkipFrameioAuth()
  class FrameioSignInController {
    readonly #auth: WebAppAuth;
    readonly #users: FrameioUsers;
    readonly #routes: SignInRoutes;
    readonly #cookie: SignInCookie;
    readonly #host: HttpAdapterHost;

    constructor(
      @Inject(connectionToken(connectionName)) connection: Connection,
      @Inject(HttpAdapterHost) host: HttpAdapterHost,
    ) {
      this.#auth = connection.auth as WebAppAuth;
      this.#users = connection.users as FrameioUsers;
      this.#routes = connection.routes as SignInRoutes;
      this.#cookie = new SignInCookie(connectionName, this.#routes.origin.startsWith('https:'));
      this.#host = host;
    }

    /** Begins a sign-in, and sends the browser to the server. `returnTo`: a path to come back to. */
    @Get('login')
    async login(
      @Context() context: ExecutionContext,
      @Res() response: object,
      @Query('returnTo') returnTo: unknown,
    ): Promise<void> {
      const user = await userOf(this.#users, context);
      const { url, state } = await (user === undefined ? this.#beginForNewcomer() : this.#begin(user));
      this.#redirect(response, url, this.#cookie.begun(state, ownPath(returnTo)));
    }

    /** Takes the browser back from the server, and completes the sign-in that it began. */
    @Get('callback')
    async callback(
      @Context() context: ExecutionContext,
      @Req() request: FrameioRequest,
      @Res() response: object,
    ): Promise<void> {
      const state = new URL(request.url, this.#routes.origin).searchParams.get('state') ?? '';
      const begun = this.#cookie.read(request, state);
      try {
        const user = await userOf(this.#users, context);
        if (user === undefined) {
          await this.#completeForNewcomer(request, response, begun !== undefined);
        } else {
          // Takes only a sign-in that this user's session began, so the user is what ties it to the browser.
          await this.#auth.session(user).handleCallback(request.url);
        }
      } catch (error) {
        const { onFailure } = this.#routes;
        if (onFailure === undefined || !(error instanceof AuthenticationError)) throw error;
        const separator = onFailure.includes('?') ? '&' : '?';
        this.#redirect(
          response,
          `${onFailure}${separator}reason=${encodeURIComponent(error.code)}`,
          this.#cookie.ended(),
        );
        return;
      }
      this.#redirect(response, begun?.returnTo ?? this.#routes.afterSignIn, this.#cookie.ended());
    }

    /** Gives up the user's tokens, here and at the server. */
    @Post('logout')
    async logout(
      @Context() context: ExecutionContext,
      @Req() request: FrameioRequest,
      @Res() response: object,
      @Query('returnTo') returnTo: unknown,
    ): Promise<void> {
      this.#assertOwnPage(request);
      const key = await userOf(this.#users, context);
      if (key !== undefined) {
        const session = this.#auth.session(key);
        await session.revoke();
        await this.#users.dismiss?.({ key, session, request, response });
      }
      this.#redirect(response, ownPath(returnTo) ?? this.#routes.afterSignOut);
    }

    #begin(user: string): ReturnType<UserSession['getAuthorizationUrl']> {
      return this.#auth.session(user).getAuthorizationUrl();
    }

    /** Nobody is logged in, so the session gets a key of its own that cannot be guessed. */
    async #beginForNewcomer(): ReturnType<UserSession['getAuthorizationUrl']> {
      if (this.#users.admit === undefined) {
        refuse('not_logged_in', 'Log in to this application first.');
      }
      const session = this.#auth.session(randomBytes(32).toString('base64url'));
      try {
        return await session.getAuthorizationUrl();
      } finally {
        // What completes the sign-in is in the storage. Most who begin never come back, and are not to be remembered.
        await session.close();
      }
    }

    async #completeForNewcomer(request: FrameioRequest, response: object, isOwn: boolean): Promise<void> {
      if (!isOwn || this.#users.admit === undefined) {
        refuse('state_mismatch', 'This sign-in was not begun in this browser, or too long ago. Start it again.');
      }
      const session = await this.#auth.handleCallback(request.url);
      await this.#users.admit({ key: session.key, session, request, response });
    }

    /** That it was a page of this application that sent the request, and not one that a user was lured to. */
    #assertOwnPage({ headers }: FrameioRequest): void {
      const site = headers['sec-fetch-site'];
      const isOwn = site === undefined ? headers['origin'] === this.#routes.origin : site === 'same-origin';
      if (!isOwn) throw forbidden('foreign_origin', 'Only a page of this application can sign its user out.');
    }

    #redirect(response: object, location: string, cookie?: string): void {
      const { httpAdapter } = this.#host;
      for (const [name, value] of Object.entries(PRIVATE)) httpAdapter.setHeader(response, name, value);
      if (cookie !== undefined) httpAdapter.appendHeader(response, 'Set-Cookie', cookie);
      httpAdapter.redirect(response, HttpStatus.SEE_OTHER, location);
    }
  }
  for (const decorate of signIn.decorators ?? []) decorate(FrameioSignInController);
  return FrameioSignInController;
}

function refuse(code: string, message: string): never {
  throw new AuthenticationError(code, message, { errorDescription: message });
}
