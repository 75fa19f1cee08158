import { randomBytes } from 'node:crypto';
import {
  AuthenticationError,
  type AuthorizationUrl,
  FrameioAuthError,
  type KnownErrorCode,
  type UserSession,
  type WebAppAuth,
} from '@frameio-auth/core';
import { ownPath } from '@frameio-auth/core/adapter';
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
import { type Connection, wordsOf } from '../connection.js';
import { confirmationRequired, forbidden } from '../frameio-auth.exception.js';
import { SkipFrameioAuth } from '../frameio-auth.guard.js';
import type { FrameioRequest, FrameioUsers } from '../frameio-users.interface.js';
import { connectionToken } from '../injection-tokens.js';
import { isFromOwnPage, userOf } from '../request-sessions.service.js';
import { SignInCookie, type SignInSecret, signInSecret } from './sign-in-cookie.js';
import { signInExceptionFilter } from './sign-in-exception.filter.js';
import { type SignInOptions, type SignInRoutes, signInPath } from './sign-in-routes.js';

/**
 * These responses must not be stored. Their address contains the code, so it must not be sent to the next page as the
 * referrer.
 */
const PRIVATE = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };

/** Where to redirect a browser, and the cookies to set. */
interface Destination {
  readonly location: string;
  readonly cookies: readonly string[];
}

/** This browser began the sign-in, as the secret in its cookie proves. */
const REPEAT = { allowRepeat: true };

const Context = createParamDecorator((_data: unknown, context: ExecutionContext) => context);

/**
 * Creates the controller of a connection's sign-in. It responds through the platform's adapter, not by its return
 * values, because an interceptor of the application may wrap those.
 */
export function signInController(connectionName: string, signIn: SignInOptions): Type {
  // Version-neutral, because the server sends users back to exactly these paths, whatever API version the application
  // uses.
  @Controller({ path: signInPath(connectionName, signIn), version: VERSION_NEUTRAL })
  @UseFilters(signInExceptionFilter(connectionName))
  @SkipFrameioAuth()
  class FrameioSignInController {
    readonly #connection: Connection;
    readonly #auth: WebAppAuth;
    readonly #users: FrameioUsers;
    readonly #routes: SignInRoutes;
    readonly #cookie: SignInCookie;
    readonly #host: HttpAdapterHost;

    constructor(
      @Inject(connectionToken(connectionName)) connection: Connection,
      @Inject(HttpAdapterHost) host: HttpAdapterHost,
    ) {
      this.#connection = connection;
      this.#auth = connection.auth as WebAppAuth;
      this.#users = connection.users as FrameioUsers;
      this.#routes = connection.routes as SignInRoutes;
      this.#cookie = new SignInCookie(connectionName, this.#routes.origin.startsWith('https:'));
      this.#host = host;
    }

    /** Begins a sign-in and redirects the browser to the server. `returnTo`: a path to return to. */
    @Get('login')
    async login(
      @Context() context: ExecutionContext,
      @Req() request: FrameioRequest,
      @Res() response: object,
      @Query('returnTo') returnTo: unknown,
    ): Promise<void> {
      if (this.#isOnlyLooking(request, response)) return;
      await this.#answer(response, async () => {
        const place = ownPath(returnTo);
        const secret = signInSecret();
        const { url } = await (this.#users.admit === undefined
          ? this.#beginForUser(context, request, place, secret)
          : this.#begin(context, request, place, secret));
        return { location: url, cookies: this.#cookie.begun(request, secret, place) };
      });
    }

    /** Receives the browser back from the server, and completes the sign-in that it began. */
    @Get('callback')
    async callback(
      @Context() context: ExecutionContext,
      @Req() request: FrameioRequest,
      @Res() response: object,
    ): Promise<void> {
      if (this.#isOnlyLooking(request, response)) return;
      await this.#answer(response, async () => {
        const query = new URLSearchParams(request.url.slice(request.url.indexOf('?') + 1));
        const begun = this.#cookie.read(request, query.get('state') ?? '');
        if (this.#users.admit === undefined) {
          await this.#completeForUser(context, request);
        } else {
          await this.#complete(context, request, response, begun !== undefined);
        }
        return { location: begun?.returnTo ?? this.#routes.afterSignIn, cookies: [] };
      });
    }

    /** Redirects the user to where the server requires an action before they can sign in. */
    @Get('action')
    action(@Req() request: FrameioRequest, @Res() response: object): void {
      this.#keepPrivate(response);
      this.#redirect(response, this.#cookie.actionUrl(request) ?? this.#routes.login);
    }

    /** Signs the user out: closes the session and revokes its tokens. */
    @Post('logout')
    async logout(
      @Context() context: ExecutionContext,
      @Req() request: FrameioRequest,
      @Res() response: object,
      @Query('returnTo') returnTo: unknown,
    ): Promise<void> {
      this.#keepPrivate(response);
      this.#assertOwnPage(request);
      const key = await userOf(this.#users, context);
      if (key !== undefined) {
        const session = this.#auth.session(key);
        try {
          await session.revoke();
        } finally {
          // The user is logged out here even if the storage is unavailable.
          await this.#users.dismiss?.({ key, session, request, response });
        }
        // The next sign-in has another key, so nothing refers to this session any more.
        if (this.#users.admit !== undefined) await session.close();
      }
      this.#redirect(response, ownPath(returnTo) ?? this.#routes.afterSignOut);
    }

    /** The application has its own login, so the tokens belong to the user who is logged in. */
    async #beginForUser(
      context: ExecutionContext,
      request: FrameioRequest,
      returnTo: string | undefined,
      { state }: SignInSecret,
    ): Promise<AuthorizationUrl> {
      const user = await userOf(this.#users, context);
      if (user === undefined)
        refuse('not_logged_in', 'No user is logged in to this application, so no sign-in was started. Log in first.');
      this.#assertWanted(request, returnTo);
      return this.#auth.session(user).getAuthorizationUrl({ state });
    }

    async #completeForUser(context: ExecutionContext, request: FrameioRequest): Promise<void> {
      const user = await userOf(this.#users, context);
      if (user === undefined) refuseStray();
      // Accepts only a sign-in that this user's session began, so the user ties it to the browser.
      await this.#auth.session(user).handleCallback(request.url, REPEAT);
    }

    /**
     * Signing in is the login, so each sign-in gets a session with a new key that cannot be guessed. An attacker may
     * have planted the key that the browser sent, and keep a copy.
     */
    async #begin(
      context: ExecutionContext,
      request: FrameioRequest,
      returnTo: string | undefined,
      { state }: SignInSecret,
    ): Promise<AuthorizationUrl> {
      if (!isFromOwnPage(request, this.#routes.origin) && (await userOf(this.#users, context)) !== undefined) {
        this.#assertWanted(request, returnTo);
      }
      const session = this.#auth.session(randomBytes(32).toString('base64url'));
      try {
        return await session.getAuthorizationUrl({ state });
      } finally {
        // The storage holds what is needed to complete the sign-in. Most users who begin one never return, so no
        // session is kept for them.
        await session.close();
      }
    }

    async #complete(
      context: ExecutionContext,
      request: FrameioRequest,
      response: object,
      isOwn: boolean,
    ): Promise<void> {
      if (!isOwn) refuseStray();
      // Comes first, because it may fail, and a code works only once.
      const former = await userOf(this.#users, context);
      const session = await this.#sessionOf(request, former);
      const { key } = session;
      if (key === former) return; // A repeated callback from a browser that was already admitted.
      try {
        await this.#users.admit?.({ key, session, request, response });
      } catch (error) {
        await this.#giveUp(key, former);
        throw error;
      }
      if (former !== undefined) await this.#giveUp(former, key);
    }

    async #sessionOf({ url }: FrameioRequest, former: string | undefined): Promise<UserSession> {
      try {
        // A repeated callback is also identified by its code, which an attacker who planted the cookie of a sign-in
        // does not know. So a browser that lost the first response is admitted again.
        return await this.#auth.handleCallback(url, REPEAT);
      } catch (error) {
        if (former === undefined || !(error instanceof AuthenticationError) || error.code !== 'state_used') throw error;
        // The user went back to the server and approved again the request that had signed this browser in.
        return this.#auth.session(former).handleCallback(url, REPEAT);
      }
    }

    /**
     * Revokes and closes a session that is no longer used. Both sessions may be of one user, so the session to keep is
     * spared. A failure here is only logged, because it says nothing about the user's request.
     */
    async #giveUp(key: string, keyToKeep: string | undefined): Promise<void> {
      try {
        const session = this.#auth.session(key);
        await session.revoke(keyToKeep === undefined ? {} : { sparing: this.#auth.session(keyToKeep) });
        await session.close();
      } catch (error) {
        const { logger } = this.#connection.events;
        logger.warn(`The tokens of a session that is no longer used could not be revoked: ${wordsOf(error)}`);
      }
    }

    /**
     * Requires that a known user wants to sign in. Otherwise another site could send the user here while signed in at
     * the server as a different person, and have the user work in that person's account.
     */
    #assertWanted(request: FrameioRequest, returnTo: string | undefined): void {
      if (!isFromOwnPage(request, this.#routes.origin)) throw confirmationRequired(this.#routes.loginWith(returnTo));
    }

    /**
     * Answers a request that must have no effect: a prefetch by a browser, or HEAD, which programs use to probe an
     * address.
     */
    #isOnlyLooking({ method, headers }: FrameioRequest, response: object): boolean {
      const purpose = headers['sec-purpose'] ?? headers['purpose'] ?? headers['x-moz'];
      const isPrefetch = /^(?:prefetch|prerender|preview)\b/.test(String(purpose));
      if (method !== 'HEAD' && !isPrefetch) return false;
      this.#keepPrivate(response);
      // Browsers discard a prefetch that failed, and request the page again when it is needed.
      const status = isPrefetch ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.NO_CONTENT;
      this.#host.httpAdapter.reply(response, '', status);
      return true;
    }

    /** Requires that a page of this application sent the request, not one that a user was lured to. */
    #assertOwnPage({ headers }: FrameioRequest): void {
      const site = headers['sec-fetch-site'];
      const isOwn = site === undefined ? headers['origin'] === this.#routes.origin : site === 'same-origin';
      if (!isOwn)
        throw forbidden(
          'foreign_origin',
          'The user was not signed out, because another site sent the request. Sign out on a page of this application.',
        );
    }

    /**
     * Redirects the browser. If the work fails, redirects to `onFailure` if it is set, or leaves the error to the
     * filters.
     */
    async #answer(response: object, work: () => Promise<Destination>): Promise<void> {
      this.#keepPrivate(response);
      let destination: Destination;
      try {
        destination = await work();
      } catch (error) {
        if (this.#routes.onFailure === undefined || !(error instanceof FrameioAuthError)) throw error;
        const problem = this.#connection.exceptionOf(error).getResponse();
        const { actionUrl } = problem;
        destination = {
          location: this.#routes.failure(this.#routes.onFailure, problem),
          cookies: actionUrl === undefined ? [] : [this.#cookie.actionRequired(actionUrl)],
        };
      }
      this.#redirect(response, destination.location, destination.cookies);
    }

    /** Called first, so that it applies to every response. */
    #keepPrivate(response: object): void {
      for (const [name, value] of Object.entries(PRIVATE)) this.#host.httpAdapter.setHeader(response, name, value);
    }

    #redirect(response: object, location: string, cookies: readonly string[] = []): void {
      const { httpAdapter } = this.#host;
      for (const cookie of cookies) httpAdapter.appendHeader(response, 'Set-Cookie', cookie);
      httpAdapter.redirect(response, HttpStatus.SEE_OTHER, location);
    }
  }
  for (const decorate of signIn.decorators ?? []) decorate(FrameioSignInController);
  return FrameioSignInController;
}

function refuse(code: KnownErrorCode, message: string): never {
  throw new AuthenticationError(code, message, { errorDescription: message });
}

function refuseStray(): never {
  refuse(
    'state_mismatch',
    'This browser did not start this sign-in, or more than ten minutes ago. Start it again in this browser.',
  );
}
