import { ConfigurationError, type UserSession } from '@frameio-auth/core';
import { cookieValues } from './cookies.js';
import type { SignInRequest } from './request.js';

type MaybePromise<Value> = Value | Promise<Value>;

/** Describes a browser that returned from a sign-in, or that signs out. */
export interface SignInAdmission<Native> {
  /** The key of the session: the user of this application that the tokens belong to. Protect it like a login. */
  readonly key: string;
  readonly session: UserSession;
  readonly request: Native;
  /** The headers of the response: append your `Set-Cookie` here. */
  readonly headers: Headers;
}

/** Connects sessions to the users of an application that has a login of its own. */
export interface SignInUsers<Native> {
  /**
   * Identifies the user of a request, by the application's own login or by what `admit()` stored.
   *
   * The result is the session's key, so the browser must never be able to choose it. The key is a name, not a secret. A
   * cookie that contains it unchanged is rejected with `key_in_cookie`.
   *
   * @param request - the request as the framework has it; a `Request` if there is no framework
   * @returns the user's ID; nothing or an empty string if the browser is not logged in
   */
  identify(request: Native): MaybePromise<string | null | undefined>;
  /**
   * Logs the browser in, for applications in which signing in is the login and which keep their own sessions. Called
   * after each sign-in, before the browser is redirected.
   *
   * `admission.key` is new and random, regardless of the previous user of this browser. From now on, `identify()` must
   * return it for this browser. So set a new cookie that stands for the key: a random one, with the key in a
   * server-side session. `cookieLogin()` does all this with an encrypted cookie.
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
  admit?(admission: SignInAdmission<Native>): unknown;
  /** Ends the application's own login. Called after a user has signed out, before the browser is redirected. */
  dismiss?(admission: SignInAdmission<Native>): unknown;
}

/** The user of a request. */
export interface Identity {
  /** The key of the user's session. */
  readonly key: string;
  /** The `Set-Cookie` header that extends the login, if it is time for that. */
  readonly renewal?: string;
}

/** What a sign-in knows of users, whether `login` or `users` identifies them. */
export interface Identities<Native> {
  /** Whether signing in is the login, so that each sign-in gets a session of its own. */
  readonly admits: boolean;
  identify(request: SignInRequest, native: Native): Promise<Identity | undefined>;
  admit(admission: SignInAdmission<Native>): MaybePromise<unknown>;
  dismiss(admission: SignInAdmission<Native>): MaybePromise<unknown>;
}

/** Adapts the application's own users. */
export class ApplicationUsers<Native> implements Identities<Native> {
  readonly admits: boolean;
  readonly #users: SignInUsers<Native>;

  constructor(users: SignInUsers<Native>) {
    this.#users = users;
    this.admits = users.admit !== undefined;
  }

  async identify(request: SignInRequest, native: Native): Promise<Identity | undefined> {
    const key = await this.#users.identify(native);
    if (!key) return undefined;
    if (cookieValues(request).includes(key)) {
      throw new ConfigurationError(
        'key_in_cookie',
        'users.identify() returned a session key that the browser sent unchanged in a cookie. Keys are names, not secrets, so anyone who can plant that cookie could use the tokens. Give the browser a random cookie at each sign-in, map it to the key on the server, and return the key; or encrypt the key in the cookie.',
      );
    }
    return { key };
  }

  admit(admission: SignInAdmission<Native>): unknown {
    return this.#users.admit?.(admission);
  }

  dismiss(admission: SignInAdmission<Native>): unknown {
    return this.#users.dismiss?.(admission);
  }
}
