import type { Clock } from '@frameio-auth/core/adapter';
import type { EndpointContext } from './endpoints/endpoint-context.js';
import { type Answer, bearerToken, type Decision, jsonAnswer, type ReceivedRequest } from './http-message.js';

export interface ApiRateLimit {
  /** How many requests each token may make in a window. */
  readonly limit: number;
  /** The length of the window, in milliseconds. */
  readonly window: number;
}

interface Window {
  readonly endsAt: number;
  used: number;
}

interface Caller {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/**
 * Why the API responds to a token with 401, with the same message for every reason:
 *
 * - `scope_missing`: the sign-in did not request all scopes. Only a new sign-in helps, not a refresh.
 * - `not_linked`: the Adobe ID is not linked to a Frame.io account.
 * - `no_entitlement`: the account has no product profile for it.
 * - `expired`: the token has expired. A refresh helps.
 */
export type ApiRejectionCause = 'scope_missing' | 'not_linked' | 'no_entitlement' | 'expired';

/** Implements a few endpoints of the Frame.io V4 API: enough to see a token accepted or rejected. */
export class FrameioApi {
  readonly #context: EndpointContext;
  readonly #limiter: RateLimiter;
  readonly #developerTokens: readonly string[];
  /** By user, or by service client; `until`: the last sign-in that it applies to. */
  readonly #rejections = new Map<string, { readonly cause: ApiRejectionCause; readonly until: number }>();

  constructor(context: EndpointContext, rateLimit: ApiRateLimit, developerTokens: readonly string[]) {
    this.#context = context;
    this.#limiter = new RateLimiter(rateLimit, context.clock);
    this.#developerTokens = developerTokens;
  }

  answer(request: ReceivedRequest): Decision {
    const token = bearerToken(request.headers) ?? '';
    if (!this.#limiter.admits(token)) return rejection(429, 'rate_limited', 'Too Many Requests', 'Rate limit exceeded');
    const caller = this.#caller(token, request);
    if (typeof caller === 'string') {
      return rejection(401, caller, 'Unauthorized', 'Invalid or missing authorization token');
    }
    const data = request.method === 'GET' ? dataAt(request.path, caller) : undefined;
    if (data === undefined) return rejection(404, 'not_found', 'Not Found', 'Resource not found');
    return { answer: jsonAnswer(200, data), outcome: 'granted' };
  }

  /** Rejects a user, or a service client, from now on; `undefined`: no longer. */
  reject(who: string, cause: ApiRejectionCause | undefined): void {
    const { issuer } = this.#context;
    this.#rejections.delete(who);
    if (cause === 'expired') issuer.expireAccessTokensOf(who);
    else if (cause !== undefined) {
      const until = cause === 'scope_missing' ? issuer.signIns : Number.POSITIVE_INFINITY;
      this.#rejections.set(who, { cause, until });
    }
  }

  /** Returns the headers of every response of the API, whatever its status. */
  rateLimitHeaders(request: ReceivedRequest): Answer['headers'] {
    return this.#limiter.headers(bearerToken(request.headers) ?? '');
  }

  /** Returns the caller, or the recorded outcome for a rejected token. */
  #caller(token: string, request: ReceivedRequest): Caller | 'unauthorized' | ApiRejectionCause {
    const { issuer, users, profile, clients } = this.#context;
    if (this.#developerTokens.includes(token)) {
      const isTold = request.headers['x-frameio-legacy-token-auth'] === 'true';
      return (isTold ? users[0] : undefined) ?? 'unauthorized';
    }
    const facts = issuer.accessTokenFacts(token);
    if (facts === undefined) return 'unauthorized';
    const { clientId, userId, scopes, signIn = 0 } = facts;
    const refused = this.#rejections.get(userId ?? clientId);
    if (refused !== undefined && signIn <= refused.until) return refused.cause;
    const needed = userId === undefined ? profile.apiScopes.service : profile.apiScopes.user;
    if (!needed.every((scope) => scopes.includes(scope))) return 'scope_missing';
    if (userId !== undefined) return users.find(({ id }) => id === userId) ?? 'unauthorized';
    return { id: clientId, name: clients.find(clientId)?.name ?? clientId, email: `${clientId}@techacct.example` };
  }
}

/** Counts requests by token, in windows that begin with the first request. */
class RateLimiter {
  readonly #rule: ApiRateLimit;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #windows = new Map<string, Window>();

  constructor(rule: ApiRateLimit, clock: Pick<Clock, 'now'>) {
    this.#rule = rule;
    this.#clock = clock;
  }

  admits(token: string): boolean {
    const window = this.#window(token);
    window.used += 1;
    return window.used <= this.#rule.limit;
  }

  headers(token: string): Answer['headers'] {
    const { limit, window } = this.#rule;
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(Math.max(0, limit - this.#window(token).used)),
      'x-ratelimit-window': String(window),
    };
  }

  #window(token: string): Window {
    const now = this.#clock.now();
    const open = this.#windows.get(token);
    if (open !== undefined && now < open.endsAt) return open;
    const window = { endsAt: now + this.#rule.window, used: 0 };
    this.#windows.set(token, window);
    return window;
  }
}

function dataAt(path: string, { id, name, email }: Caller): object | undefined {
  switch (path) {
    case '/v4/me':
      return { data: { id, name, email, avatar_url: null } };
    case '/v4/accounts':
      return {
        data: [{ id: '00000000-0000-4000-8000-0000000000a1', display_name: 'Studio Example' }],
        links: { next: null },
      };
    default:
      return undefined;
  }
}

function rejection(status: number, outcome: string, title: string, detail: string): Decision {
  return { answer: jsonAnswer(status, { errors: [{ title, detail }] }), outcome };
}
