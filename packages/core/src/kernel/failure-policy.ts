/**
 * Two tables: what a failed request means, and what follows from it. No other code decides either.
 * `docs/reference/failure-policy.md` is generated from them.
 */
import type { KnownErrorCode } from './error-codes.js';
import type { Delivery, FailureKind } from './failure.js';

/** What a request is for. The meaning of its rejection depends on it. */
export type Purpose = 'client_credentials' | 'authorization_code' | 'refresh_token' | 'revocation';

/** A request without a response, as the transport reports it. */
export interface NoResponse {
  readonly delivery: Delivery;
}

/** A response that does not grant what was requested. */
export interface UnsuccessfulResponse {
  readonly purpose: Purpose;
  /** HTTP status; 0 for a redirect that a browser hides. */
  readonly status: number;
  /** The `error` in the response body (RFC 6749 §5.2), if there is one. */
  readonly error: string | undefined;
  /** Whether the server's profile lists it as "wrong client secret". */
  readonly rejectsSecret: boolean;
  /** What the server's profile says that this `error` means, or a 400 without one. */
  readonly ofProfile: FailureKind | undefined;
  /** Whether the server's profile says that it asks the user to act. */
  readonly requiresAction: boolean;
  /** Whether the server's profile says that an unknown `error` rejects the credential. */
  readonly unknownIsTerminal: boolean;
}

interface Rule<Outcome> {
  /** What happened, in words. */
  readonly outcome: string;
  fits(outcome: Outcome): boolean;
  /** The kind of the failure; `profile`: the one that the server's profile gives. */
  readonly kind: FailureKind | 'profile';
  /** Why it means that. */
  readonly reason: string;
}

/** What a missing response means. The first matching rule decides, and one always matches. */
export const NO_RESPONSE_RULES: readonly Rule<NoResponse>[] = [
  {
    outcome: 'The transport says that the request was not sent: no such host, no connection, a bad certificate',
    fits: ({ delivery }) => delivery === 'not_sent',
    kind: 'transient',
    reason: 'The server never saw it, so the refresh token is as good as before.',
  },
  {
    outcome:
      'It may have been sent: a time-out, a lost connection, an incomplete or oversized response, or an error other than ' +
      '`TransportError`, such as that of a bare `fetch`',
    fits: () => true,
    kind: 'ambiguous',
    reason: 'The server may have rotated the refresh token, and the new one was in the lost response.',
  },
];

/** `error` values about the client, its request or the server's features, and never about the user's grant. */
const CLIENT_ERRORS = [
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'invalid_scope',
  'unauthorized_scope',
  'invalid_target',
  'invalid_dpop_proof',
  'use_dpop_nonce',
] as const satisfies readonly KnownErrorCode[];

/** `error` values about the grant: the code, the token, or the user's consent. */
const GRANT_ERRORS = [
  'invalid_grant',
  'invalid_request',
  'invalid_token',
  'expired_token',
  'unsupported_token_type',
  'access_denied',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
] as const satisfies readonly KnownErrorCode[];

/** What a response means. The first matching rule decides, and one always matches. */
export const RESPONSE_RULES: readonly Rule<UnsuccessfulResponse>[] = [
  {
    outcome: '429',
    fits: ({ status }) => status === 429,
    kind: 'transient',
    reason: 'The server asks to wait and has decided nothing, whatever the body says.',
  },
  {
    outcome: "A response that the server's profile lists in `wrongSecret`",
    fits: ({ rejectsSecret }) => rejectsSecret,
    kind: 'configuration',
    reason: 'It rejects the client. The other secret has been tried, if there is one.',
  },
  {
    outcome: 'An `error` by which this server requires the user to act (Adobe: `ride_…`)',
    fits: ({ requiresAction }) => requiresAction,
    kind: 'terminal',
    reason: 'Only the user can resolve it, at the address in the error.',
  },
  {
    outcome: "An `error` that the server's profile defines, or a 400 without one if the profile has `bareBadRequest`",
    fits: ({ ofProfile }) => ofProfile !== undefined,
    kind: 'profile',
    reason: 'Servers have their own error codes.',
  },
  {
    outcome: `${listed(CLIENT_ERRORS)}, with any status`,
    fits: ({ error }) => isOneOf(CLIENT_ERRORS, error),
    kind: 'configuration',
    reason: 'It is about the application, not the user. A wrong setting must not sign out every user.',
  },
  {
    outcome: '`server_error`, `temporarily_unavailable`, with any status',
    fits: ({ error }) => error === 'server_error' || error === 'temporarily_unavailable',
    kind: 'transient',
    reason: 'The server reports its own failure.',
  },
  {
    outcome: '5xx and 408, with any other `error` or none',
    fits: ({ status }) => status >= 500 || status === 408,
    kind: 'transient',
    reason:
      'The server or a gateway failed, so its statement about the grant is not trusted. If it rotated the refresh token ' +
      'behind a 502, the new tokens are lost anyway. Ending the session would sign out every user whenever a gateway fails.',
  },
  {
    outcome: 'A redirect that the transport let through, and 1xx',
    fits: ({ status }) => status < 200 || (status >= 300 && status < 400),
    kind: 'transient',
    reason: 'It points elsewhere, like the sign-in page of a network, and is never followed with credentials.',
  },
  {
    outcome: '2xx without an `error` and without usable tokens',
    fits: ({ status, error }) => status < 400 && error === undefined,
    kind: 'ambiguous',
    reason: 'The server may have issued tokens that cannot be read, so the refresh token may be spent.',
  },
  {
    outcome: 'Any other response to a service',
    fits: ({ purpose }) => purpose === 'client_credentials',
    kind: 'configuration',
    reason: "The rejected credential is the application's own.",
  },
  {
    outcome: listed(GRANT_ERRORS),
    fits: ({ error }) => isOneOf(GRANT_ERRORS, error),
    kind: 'terminal',
    reason: 'The server rejects the credential itself (RFC 6749 §5.2). Some servers call that `invalid_request`.',
  },
  {
    outcome: "Any other `error`, except with 401, if the server's profile has `unknownErrors: 'terminal'` (Adobe)",
    fits: ({ unknownIsTerminal, error, status }) => unknownIsTerminal && error !== undefined && status !== 401,
    kind: 'terminal',
    reason: 'The server does not document how it rejects a refresh token.',
  },
  {
    outcome: '401 without an `error`, or with an unknown one',
    fits: ({ status }) => status === 401,
    kind: 'configuration',
    reason:
      'With this status, a server rejects the client (RFC 6749 §5.2). The other secret has been tried, if there is one.',
  },
  {
    outcome: 'Any other response: 400, 403, 404 or 407 without an `error`, or any status with an unknown one',
    fits: () => true,
    kind: 'configuration',
    reason:
      'It is not about the grant. It may come from a firewall, a proxy or a wrong address, and none of them may ' +
      'end a session.',
  },
];

function listed(errors: readonly string[]): string {
  return errors.map((error) => `\`${error}\``).join(', ');
}

function isOneOf(errors: readonly string[], error: string | undefined): boolean {
  return error !== undefined && errors.includes(error);
}

/** Every `error` that these rules know. */
export const KNOWN_ERRORS: readonly string[] = [
  ...CLIENT_ERRORS,
  ...GRANT_ERRORS,
  'server_error',
  'temporarily_unavailable',
];

/** What follows from a failure of this kind. */
export interface Consequence {
  /** Whether the request is retried once immediately. */
  readonly retriesImmediately: boolean;
  /** The pause before the next attempt: exponential backoff, or a long pause from the start. */
  readonly pause: 'backoff' | 'long';
  /** Whether callers without a token wait through a short pause, or are rejected at once. */
  readonly callersWait: boolean;
  /** Whether such a failure of a refresh ends the session, unless another instance has newer tokens. */
  readonly endsSession: boolean;
  readonly reason: string;
}

export const CONSEQUENCES: Readonly<Record<FailureKind, Consequence>> = {
  transient: {
    retriesImmediately: false,
    pause: 'backoff',
    callersWait: true,
    endsSession: false,
    reason: 'Nothing happened, and a retry may succeed. A failing server must not be flooded.',
  },
  ambiguous: {
    retriesImmediately: true,
    pause: 'backoff',
    callersWait: true,
    endsSession: false,
    reason:
      'A server with a grace period accepts a spent refresh token again for a short time, so the retry must be ' +
      'immediate. A missing response proves nothing, so it ends no session.',
  },
  configuration: {
    retriesImmediately: false,
    pause: 'long',
    callersWait: false,
    endsSession: false,
    reason: 'The configuration must be fixed first. Tokens are kept, and served until they expire.',
  },
  terminal: {
    retriesImmediately: false,
    pause: 'long',
    callersWait: false,
    endsSession: true,
    reason: 'The credential is no longer valid, and a retry would not change that.',
  },
};

export function kindOfNoResponse(noResponse: NoResponse): FailureKind {
  return kindBy(NO_RESPONSE_RULES, noResponse);
}

export function kindOfResponse(refused: UnsuccessfulResponse): FailureKind {
  return kindBy(RESPONSE_RULES, refused, refused.ofProfile);
}

function kindBy<Outcome>(rules: readonly Rule<Outcome>[], outcome: Outcome, ofProfile?: FailureKind): FailureKind {
  const kind = rules.find((rule) => rule.fits(outcome))?.kind;
  // The last rule of each table matches everything, and the profile rule matches only if the profile gives a kind.
  return (kind === 'profile' ? ofProfile : kind) as FailureKind;
}
