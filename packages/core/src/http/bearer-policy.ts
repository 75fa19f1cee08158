import { absoluteUrl } from '../kernel/absolute-url.js';
import { ConfigurationError } from '../kernel/errors.js';
import { originSet } from './allowed-origin.js';

/** Where tokens come from: any auth object, or any session of one. */
export interface TokenSource {
  /** A token that is good now. `rejected`: the token to which an API answered 401. */
  getToken(options?: { signal?: AbortSignal; rejected?: string }): Promise<string>;
  /** What goes with the token, such as the mark of a legacy developer token. No secrets: a redirect takes it along. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
}

export interface BearerPolicyOptions {
  /**
   * The origins that may see the token: scheme, host and port; https, or http on loopback. They stand for themselves
   * alone, without their subdomains. Default: `['https://api.frame.io']`.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * What becomes of requests to any other origin. `'refuse'`: they are not made, because whoever sends them that way
   * expects the token to be with them. `'pass'`: they are made as they are, without the token. Default: `'refuse'`.
   */
  readonly otherOrigins?: 'refuse' | 'pass';
}

/** What makes a request an authenticated one. It holds the token: it belongs into the request, and nowhere else. */
export interface BearerCredentials {
  readonly token: string;
  /** `authorization` (RFC 6750 §2.1) and what goes with it, by names in lower case. They replace any of the request's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Which requests carry the token, and what follows when an API refuses it: the rules that are the same for every HTTP
 * client, so that those who send by `fetch` and those who send by undici can expect the same.
 */
export interface BearerPolicy {
  /**
   * Whether a request to that address carries the token.
   *
   * @param address - an absolute URL, or its origin
   * @throws ConfigurationError `invalid_url`; `origin_not_allowed` where requests to other origins are refused
   */
  admits(address: string | URL): boolean;
  /**
   * What a request carries that begins now.
   *
   * @throws ConfigurationError `invalid_token` for one that no header can carry; what `getToken()` rejects with
   */
  authorize(signal?: AbortSignal): Promise<BearerCredentials>;
  /**
   * What to repeat a request with, once, after a 401 (RFC 6750 §3.1) from an origin that saw these credentials;
   * `undefined` when the 401 is the answer to pass on. That is so when there is no other token, because then the token
   * was not the reason, and when the request cannot be repeated. In either case the source hears of the rejection.
   *
   * @param repeatable - whether the request can be made again as it was: see {@link isRepeatable}
   * @throws what `getToken()` rejects with
   */
  reauthorize(
    rejected: BearerCredentials,
    repeatable: boolean,
    signal?: AbortSignal,
  ): Promise<BearerCredentials | undefined>;
}

/**
 * For writers of HTTP clients: the policy by which `authenticatedFetch()` and `authInterceptor()` send tokens.
 *
 * @throws ConfigurationError `invalid_option` for a source that is none, or an allowed origin that is none or not safe
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
  /** Most requests carry the token of the one before. */
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
      // Nobody waits for this one. Whoever asks for a token next hears of the failure.
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
    // The platform's error is not passed on: it shows the token.
    throw new ConfigurationError(
      'invalid_token',
      'The token, or a header that goes with it, holds characters that a header cannot carry, such as a line break. Copy or import it again.',
    );
  }
}
