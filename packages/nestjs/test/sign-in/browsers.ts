import type { WebAppAuth } from '@frameio-auth/core';
import {
  FrameioAuthModule,
  type FrameioAuthModuleExtras,
  type FrameioUsers,
  type FrameioVisit,
  getFrameioAuthToken,
  type WebAppConnection,
} from '@frameio-auth/nestjs';
import type { AuthorizationServer } from '@frameio-auth/testing';
import type { INestApplication } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { type Answer, type ApplicationForTest, type platforms, start, webApp } from '../application.js';

/** Returns what starts an application with a sign-in at `auth/frameio`, on the platform that an adapter is for. */
export function signInAt(adapter: (typeof platforms)[number]['adapter']) {
  return (
    server: AuthorizationServer,
    signIn: Partial<FrameioAuthModuleExtras['signIn']> = {},
    more: Partial<WebAppConnection> = {},
    prepare?: (app: INestApplication) => unknown,
  ): Promise<ApplicationForTest> => {
    const options = { ...webApp(server, more), signIn: { path: 'auth/frameio', ...signIn } };
    return start(adapter(), { imports: [FrameioAuthModule.forRoot(options)] }, prepare);
  };
}

export const authOf = ({ app }: ApplicationForTest) => app.get<WebAppAuth>(getFrameioAuthToken(), { strict: false });

/** The prefix of the sign-in's cookies. */
export const COOKIE = '__Host-frameio-sign-in-';

/** Returns what the browser would send back for a cookie that was set. */
export function cookieOf({ headers }: Answer): string {
  return (
    headers['set-cookie']
      ?.find((cookie) => cookie.startsWith(COOKIE) && !cookie.includes('Max-Age=0'))
      ?.split(';', 1)[0] ?? ''
  );
}

/** Allows the sign-in at the server, and resolves to the path to which the browser is sent back. */
export async function allowed(server: AuthorizationServer, { headers }: Answer, options = {}): Promise<string> {
  const { pathname, search } = new URL(await server.signIn(String(headers.location), options));
  return pathname + search;
}

/** Users without their own login: the application stores the session's key for a browser that it knows by a cookie. */
export class Logins implements FrameioUsers {
  readonly keys = new Map<string, string>();
  readonly dismissed: string[] = [];
  host: HttpAdapterHost | undefined;
  #count = 0;

  identify({ headers }: { headers: Record<string, string | string[] | undefined> }): string | undefined {
    return this.keys.get(/login=(\w+)/.exec(String(headers['cookie']))?.[1] ?? '');
  }

  admit({ key, response }: FrameioVisit): void {
    this.#count += 1;
    this.keys.set(`no${this.#count}`, key);
    this.host?.httpAdapter.appendHeader(response, 'Set-Cookie', `login=no${this.#count}; HttpOnly`);
  }

  dismiss({ key }: FrameioVisit): void {
    for (const [login, its] of this.keys) if (its === key) this.keys.delete(login);
    this.dismissed.push(key);
  }
}

/** The header of a browser that follows a link on a page of the application. */
export const fromOwnPage = { 'sec-fetch-site': 'same-origin' };

/** A request that Mara makes from a page of the application. */
export const asMara = { 'x-user': 'mara', ...fromOwnPage };
