import {
  discoveryEndpoint,
  keysEndpoint,
  revokeEndpoint,
  userinfoEndpoint,
  validateEndpoint,
} from './endpoints/adobe-endpoints.js';
import { AuthorizeEndpoint } from './endpoints/authorize-endpoint.js';
import type { EndpointContext } from './endpoints/endpoint-context.js';
import { type TokenRequestOptions, tokenEndpoint } from './endpoints/token-endpoint.js';
import type { FrameioApi } from './frameio-api.js';
import { type Answer, type Decision, type Endpoint, errorAnswer, type ReceivedRequest } from './http-message.js';
import { OAuthError } from './oauth-error.js';

/** Applications in browsers may call these from another origin. Discovery is excluded, as with Adobe. */
const CROSS_ORIGIN: ReadonlySet<Endpoint> = new Set(['token', 'revoke', 'userinfo', 'validate', 'api']);

/** Maps a path to its endpoint, the endpoint's decision, and the headers of its responses. */
export class Router {
  readonly #context: EndpointContext;
  readonly #authorize: AuthorizeEndpoint;
  readonly #api: FrameioApi;

  constructor(context: EndpointContext, api: FrameioApi) {
    this.#context = context;
    this.#authorize = new AuthorizeEndpoint(context);
    this.#api = api;
  }

  endpointAt(path: string): Endpoint {
    if (path === '/v4' || path.startsWith('/v4/')) return 'api';
    const found = Object.entries(this.#context.profile.paths).find(([, each]) => each === path);
    return (found?.[0] as Endpoint | undefined) ?? 'unknown';
  }

  decide(request: ReceivedRequest, options: TokenRequestOptions): Decision {
    try {
      return this.#route(request, options);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      // RFC 6749 §5.2 and RFC 6750 §3 require a challenge with a 401.
      const scheme = request.endpoint === 'userinfo' ? 'Bearer' : 'Basic';
      const headers = error.status === 401 ? { 'www-authenticate': `${scheme} realm="fictional"` } : {};
      const answer = errorAnswer(error.status, error.error, error.message);
      return { answer: { ...answer, headers: { ...answer.headers, ...headers } }, outcome: error.error };
    }
  }

  /** Returns the response to a CORS preflight; `undefined` for other requests. */
  preflight({ method, endpoint, headers }: ReceivedRequest): Answer | undefined {
    if (method !== 'OPTIONS' || !CROSS_ORIGIN.has(endpoint)) return undefined;
    const allowed = {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': headers['access-control-request-headers'] ?? '',
    };
    return { status: 204, headers: allowed, body: '' };
  }

  /** Returns the headers of every response, including those of faults. */
  everyAnswer(request: ReceivedRequest): Answer['headers'] {
    return {
      ...(CROSS_ORIGIN.has(request.endpoint) ? { 'access-control-allow-origin': '*' } : {}),
      ...(request.endpoint === 'api' ? this.#api.rateLimitHeaders(request) : {}),
      ...this.#context.profile.everyAnswer(),
    };
  }

  #route(request: ReceivedRequest, options: TokenRequestOptions): Decision {
    switch (request.endpoint) {
      case 'authorize':
        return this.#authorize.answer(request);
      case 'token':
        return tokenEndpoint(request, this.#context, options);
      case 'revoke':
        return revokeEndpoint(request, this.#context);
      case 'userinfo':
        return userinfoEndpoint(request, this.#context);
      case 'validate':
        return validateEndpoint(request, this.#context);
      case 'discovery':
        return discoveryEndpoint(this.#context);
      case 'keys':
        return keysEndpoint();
      case 'api':
        return this.#api.answer(request);
      case 'unknown':
        throw new OAuthError('not_found', 'there is nothing here', 404);
    }
  }
}
