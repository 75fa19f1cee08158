import { DEFAULT_KEY } from './auth.js';
import { refuse } from './auth-options.js';
import { brand } from './kernel/brand.js';
import { AuthenticationError, ConfigurationError, TokenExpiredError } from './kernel/errors.js';
import { Secret } from './kernel/secret.js';
import { ignoreErrors, throwIfAborted } from './session/calls.js';
import type { ExportedTokens } from './session/exported-tokens.js';
import type { SessionSnapshot } from './session/session-snapshot.js';
import type { RevocationResult } from './session/token-requests.js';
import type { GetTokenOptions } from './session/token-session.js';

export interface StaticTokenAuthOptions {
  /**
   * Whether the token is a developer token of the legacy API. The V4 API accepts one only with an extra header, which
   * is then in `requestHeaders`. Default: whether it starts with `fio-u-`.
   */
  readonly legacyDeveloperToken?: boolean;
}

const LEGACY_PREFIX = 'fio-u-';
const LEGACY_HEADERS = { 'x-frameio-legacy-token-auth': 'true' };

/**
 * Serves a token that the application already has, such as a developer token or one that another program refreshes. The
 * token is served until an API rejects it or it is revoked. Nothing is requested or stored.
 *
 * @throws ConfigurationError for a value that is not a token
 */
export class StaticTokenAuth {
  /** Headers that requests with this token need in addition to `Authorization`. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly #listeners = new Set<(snapshot: SessionSnapshot) => void>();
  #token: Secret | undefined;
  #state: 'valid' | 'expired' | 'revoked' = 'valid';

  constructor(token: string, { legacyDeveloperToken }: StaticTokenAuthOptions = {}) {
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      refuse('token', 'must be a token: a string without spaces or line breaks. Copy it again.');
    }
    this.#token = new Secret(token);
    this.requestHeaders = Object.freeze(
      (legacyDeveloperToken ?? token.startsWith(LEGACY_PREFIX)) ? LEGACY_HEADERS : {},
    );
  }

  /**
   * Resolves to the token.
   *
   * @throws TokenExpiredError after the token was rejected or revoked
   */
  readonly getToken = async ({ signal, rejected }: GetTokenOptions = {}): Promise<string> => {
    throwIfAborted(signal);
    if (rejected !== undefined && rejected === this.peekToken()) this.#end('expired');
    const token = this.peekToken();
    if (token !== undefined) return token;
    const [code, sentence] =
      this.#state === 'revoked'
        ? (['token_revoked', 'The token was revoked with revoke().'] as const)
        : (['access_token_rejected', 'The API rejected the token.'] as const);
    throw new TokenExpiredError(code, `${sentence} Create a new StaticTokenAuth with a valid token.`, {
      errorDescription: sentence,
    });
  };

  readonly peekToken = (): string | undefined => this.#token?.reveal();

  /** @throws AuthenticationError always: a static token cannot be refreshed */
  async refresh(): Promise<void> {
    const message = 'A static token cannot be refreshed. Create a new StaticTokenAuth with a new token.';
    throw new AuthenticationError('no_refresh_token', message, { errorDescription: message });
  }

  /** Forgets the token. No server is called, because it is not known which one issued it. */
  async revoke(): Promise<RevocationResult> {
    this.#end('revoked');
    return { revokedRemotely: false, reason: 'revocation_unsupported' };
  }

  async exportTokens(): Promise<ExportedTokens | undefined> {
    const accessToken = this.peekToken();
    return accessToken === undefined ? undefined : { format: 1, accessToken };
  }

  /** @throws ConfigurationError always: make a new object instead */
  async importTokens(): Promise<void> {
    throw new ConfigurationError(
      'import_unsupported',
      'The token of a StaticTokenAuth cannot change. Create a new one, or import the tokens into one of the other classes.',
    );
  }

  get isAuthenticated(): boolean {
    return this.#token !== undefined;
  }

  get snapshot(): SessionSnapshot {
    return {
      key: DEFAULT_KEY,
      state: this.#state,
      step: this.#state,
      issuedAt: null,
      expiresAt: null,
      hasUsableToken: this.isAuthenticated,
      refreshable: false,
      reauthenticationDueAt: null,
      scopes: [],
      degraded: false,
      attempt: 0,
      failure: null,
      retryAt: null,
      ending: this.#state === 'expired' ? { cause: 'access_token_rejected', failure: null } : null,
    };
  }

  /** Calls `listener` with the snapshot after each change. Errors of the listener are ignored. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void } {
    this.#listeners.add(listener);
    return { unsubscribe: () => void this.#listeners.delete(listener) };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(state: 'expired' | 'revoked'): void {
    if (this.#token === undefined) return;
    this.#token = undefined;
    this.#state = state;
    for (const listener of this.#listeners) ignoreErrors(() => listener(this.snapshot));
  }
}

brand(StaticTokenAuth, 'StaticTokenAuth');
