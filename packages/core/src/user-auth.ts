import { Auth, DEFAULT_KEY } from './auth.js';
import { type AuthSettings, authParts, refuse, type UserAuthOptions } from './auth-options.js';
import { checkRedirectUri } from './protocol/redirect-uri.js';
import { KeepAlive, refreshUnused } from './session/keep-alive.js';
import { PendingAuthorizations } from './session/pending-authorizations.js';
import { claimRedirectUri } from './session/redirect-uri-claims.js';
import { SignIn } from './session/sign-in.js';
import {
  type AuthorizationUrl,
  type AuthorizationUrlOptions,
  type CallbackOptions,
  type CodeExchange,
  checkCallbackOptions,
} from './session/sign-in-options.js';
import { UserSession } from './session/user-session.js';

/** The base class of the flows in which a user signs in with a browser. */
export abstract class UserAuth extends Auth<UserSession> {
  readonly #signIn: SignIn;
  readonly #keepAlive: KeepAlive | undefined;
  readonly #giveUpRedirectUri: () => void;

  protected constructor(options: UserAuthOptions, clientSecret: AuthSettings['clientSecret']) {
    const { redirectUri } = options;
    const { server, client, keys, dependencies } = authParts({ options, clientSecret, renewal: 'refresh_token' });
    if (typeof redirectUri !== 'string' || redirectUri === '') {
      refuse(
        'redirectUri',
        'is missing. Pass the address that is registered for the credential, such as https://host/callback.',
      );
    }
    checkRedirectUri(server, redirectUri);
    const signIn = new SignIn({
      client,
      pending: new PendingAuthorizations(dependencies.storage, keys, dependencies.clock, options.maxPendingSignIns),
      redirectUri,
      scopes: dependencies.scopes,
      entropy: dependencies.entropy,
    });
    super(keys, dependencies, (runner) => new UserSession(runner, signIn));
    this.#signIn = signIn;
    this.#giveUpRedirectUri = claimRedirectUri(dependencies.storage, redirectUri, server);
    const { keepAliveBefore } = dependencies;
    if (keepAliveBefore !== undefined) {
      const renew = (key: string) => this.withRunner(key, refreshUnused);
      this.#keepAlive = new KeepAlive({ ...dependencies, keepAliveBefore, keys, renew });
    }
  }

  /** The registered redirect URI, to which the server redirects users. */
  get redirectUri(): string {
    return this.#signIn.redirectUri;
  }

  override async close(): Promise<void> {
    this.#giveUpRedirectUri();
    const ending = this.#keepAlive?.close();
    try {
      await super.close();
    } finally {
      await ending;
    }
  }

  /** Begins a sign-in of the default session: see {@link UserSession.getAuthorizationUrl}. */
  async getAuthorizationUrl(options?: AuthorizationUrlOptions): Promise<AuthorizationUrl> {
    return this.session(DEFAULT_KEY).getAuthorizationUrl(options);
  }

  /**
   * Completes a sign-in of any session, and resolves to that session. The application decides who may complete it:
   * compare the callback's `state` with the one bound to the browser, or call `handleCallback()` on the session of the
   * browser's user, which accepts no other.
   *
   * @throws the same errors as {@link UserSession.handleCallback}
   */
  async handleCallback(url: string | URL, options: CallbackOptions = {}): Promise<UserSession> {
    this.assertOpen();
    checkCallbackOptions(options);
    return this.#signIn.complete(url, options, {
      use: (key, work) =>
        this.withRunner(key, async (runner) => {
          await work(runner);
          return this.session(key); // Keeps the session, which a failed sign-in would have released.
        }),
    });
  }

  /** Exchanges a code for the default session: see {@link UserSession.exchangeCode}. */
  async exchangeCode(exchange: CodeExchange): Promise<void> {
    return this.session(DEFAULT_KEY).exchangeCode(exchange);
  }
}
