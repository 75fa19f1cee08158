import { absoluteUrl } from '../kernel/absolute-url.js';
import { ConfigurationError } from '../kernel/errors.js';
import { originSet } from './allowed-origin.js';

/** The source of tokens: any auth object, or any of its sessions. */
export interface TokenSource {
  /** Resolves to a valid token. `rejected`: the token that an API rejected with 401. */
  getToken(options?: { signal?: AbortSignal; rejected?: string }): Promise<string>;
  /** Headers that go with the token, such as the one for a legacy developer token. No secrets: redirects keep them. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
}

export interface BearerPolicyOptions {
  /**
   * The origins that may receive the token: scheme, host and port; https, or http on loopback. Subdomains are not
   * included. Default: `['https://api.frame.io']`.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * What to do with requests to other origins. `'refuse'`: reject them, because their sender expects the token to be
   * included. `'pass'`: send them unchanged, without the token. Default: `'refuse'`.
   */
  readonly otherOrigins?: 'refuse' | 'pass';
}

/** The credentials of a request. They hold the token: put them into the request, and nowhere else. */
export interface BearerCredentials {
  readonly token: string;
  /** `authorization` (RFC 6750 §2.1) and the headers that go with it, in lower case. They replace the request's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Decides which requests carry the token, and what happens when an API rejects it. The rules are the same for every
 * HTTP client, `fetch` and undici alike.
 */
export interface BearerPolicy {
  /**
   * Returns whether a request to the address carries the token.
   *
   * @param address - an absolute URL, or its origin
   * @throws ConfigurationError `invalid_url`; `origin_not_allowed` if requests to other origins are rejected
   */
  admits(address: string | URL): boolean;
  /**
   * Resolves to the credentials of a request that begins now.
   *
   * @throws ConfigurationError `invalid_token` for a token that no header can carry; the errors of `getToken()`
   */
  authorize(signal?: AbortSignal): Promise<BearerCredentials>;
  /**
   * Resolves to the credentials for one retry after a 401 (RFC 6750 §3.1) from an origin that received these
   * credentials. Resolves to `undefined` if the 401 is to be passed on: there is no other token, so the token was not
   * the reason, or the request cannot be repeated. In both cases the source is told of the rejection.
   *
   * @param repeatable - whether the request can be sent again unchanged: see {@link isRepeatable}
   * @throws the errors of `getToken()`
   */
  reauthorize(
    rejected: BearerCredentials,
    repeatable: boolean,
    signal?: AbortSignal,
  ): Promise<BearerCredentials | undefined>;
}

/**
 * For authors of HTTP clients: returns the policy of `authenticatedFetch()` and `authInterceptor()`.
 *
 * @throws ConfigurationError `invalid_option` for an invalid source, or an allowed origin that is invalid or insecure
 */
export function bearerPolicy(source: TokenSource, options: BearerPolicyOptions = {}): BearerPolicy {
  if (typeof source?.getToken !== 'function') {
    throw new ConfigurationError(
      'invalid_option',
      'The token comes from an auth object or a session, which has getToken(), and not from a token or a promise.',
    );
  }
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('invalid_option', "The options are an object: { allowedOrigins: ['https://…'] }.");
  }
  const { allowedOrigins = ['https://api.frame.io'], otherOrigins = 'refuse' } = options;
  if (otherOrigins !== 'refuse' && otherOrigins !== 'pass') {
    throw new ConfigurationError('invalid_option', "`otherOrigins` must be 'refuse' or 'pass'.");
  }
  return new CheckedBearerPolicy(source, originSet(allowedOrigins), otherOrigins === 'refuse');
}

class CheckedBearerPolicy implements BearerPolicy {
  readonly #source: TokenSource;
  readonly #allowed: ReadonlySet<string>;
  readonly #refusesOthers: boolean;
  /** Cached, because most requests carry the same token as the one before. */
  #latest: BearerCredentials | undefined;

  constructor(source: TokenSource, allowed: ReadonlySet<string>, refusesOthers: boolean) {
    this.#source = source;
    this.#allowed = allowed;
    this.#refusesOthers = refusesOthers;
  }

  admits(address: string | URL): boolean {
    if (typeof address === 'string' && this.#allowed.has(address)) return true;
    const { origin } = addressOf(address);
    if (this.#allowed.has(origin)) return true;
    if (!this.#refusesOthers) return false;
    throw new ConfigurationError(
      'origin_not_allowed',
      `The request to ${origin} was not made: the token may go to ${[...this.#allowed].join(', ')} alone. If that ` +
        "origin may have it too, name it in `allowedOrigins`; if not, send it without, or set `otherOrigins: 'pass'`.",
    );
  }

  async authorize(signal?: AbortSignal): Promise<BearerCredentials> {
    return this.#credentialsOf(await (signal ? this.#source.getToken({ signal }) : this.#source.getToken()));
  }

  async reauthorize(
    { token: rejected }: BearerCredentials,
    repeatable: boolean,
    signal?: AbortSignal,
  ): Promise<BearerCredentials | undefined> {
    if (!repeatable) {
      // Not awaited: the next caller that requests a token gets the failure.
      Promise.resolve()
        .then(() => this.#source.getToken({ rejected }))
        .catch(() => {});
      return undefined;
    }
    const token = await this.#source.getToken({ rejected, ...(signal && { signal }) });
    return token === rejected ? undefined : this.#credentialsOf(token);
  }

  #credentialsOf(token: string): BearerCredentials {
    if (this.#latest?.token !== token) this.#latest = credentialsOf(token, this.#source.requestHeaders);
    return this.#latest;
  }
}

function addressOf(address: string | URL): URL {
  const url = typeof address === 'string' ? absoluteUrl(address) : address;
  if (url !== undefined) return url;
  throw new ConfigurationError(
    'invalid_url',
    'An authenticated request needs an absolute URL, such as https://api.frame.io/v4/me.',
  );
}

function credentialsOf(token: string, companions: Readonly<Record<string, string>> = {}): BearerCredentials {
  try {
    const headers = new Headers(companions);
    headers.set('authorization', `Bearer ${token}`);
    return { token, headers: Object.fromEntries(headers) };
  } catch {
    // The platform's error is not passed on, because it quotes the token.
    throw new ConfigurationError(
      'invalid_token',
      'The token, or a header that goes with it, contains characters that a header cannot contain, such as a line break. Copy or import it again.',
    );
  }
}
