/**
 * What a failed request means, and what follows from that: two tables, and the only place that decides either.
 * `docs/failure-policy.md` is made from them.
 */
import type { Delivery, FailureKind } from './failure.js';

/** What a request is for; what its refusal means depends on it. */
export type Purpose = 'client_credentials' | 'authorization_code' | 'refresh_token' | 'revocation';

/** A request that nobody answered, as the transport tells of it. */
export interface Silence {
  readonly delivery: Delivery;
}

/** An answer that does not give what was asked for. */
export interface Refused {
  readonly purpose: Purpose;
  /** HTTP status; 0 for a redirect that a browser does not show. */
  readonly status: number;
  /** The `error` of its body (RFC 6749 §5.2), if it has one. */
  readonly error: string | undefined;
  /** What the server's profile says that this `error` means there. */
  readonly ofProfile: FailureKind | undefined;
  /** Whether, by the server's profile, it asks the user to act. */
  readonly demandsAction: boolean;
}

interface Rule<Outcome> {
  /** What happened, in words. */
  readonly outcome: string;
  fits(outcome: Outcome): boolean;
  /** What that means; `profile`: what the server's profile says. */
  readonly kind: FailureKind | 'profile';
  /** Why it means that. */
  readonly reason: string;
}

/** What no answer means. The first rule that fits decides, and one always does. */
export const SILENCE_RULES: readonly Rule<Silence>[] = [
  {
    outcome: 'The transport says that the request was not sent: no such host, no connection, a bad certificate',
    fits: ({ delivery }) => delivery === 'not_sent',
    kind: 'transient',
    reason: 'The server never saw it, so the refresh token is as good as before.',
  },
  {
    outcome:
      'It may have been sent: a time-out, a connection lost, an answer cut off or too long, or an error that is no ' +
      '`TransportError`, as of a bare `fetch`',
    fits: () => true,
    kind: 'ambiguous',
    reason: 'The server may have rotated the refresh token, and the new one was in the answer that nobody got.',
  },
];

/** What an answer means. The first rule that fits decides, and one always does. */
export const ANSWER_RULES: readonly Rule<Refused>[] = [
  {
    outcome: '429',
    fits: ({ status }) => status === 429,
    kind: 'transient',
    reason: 'The server asks to wait and has judged nothing, whatever its body says.',
  },
  {
    outcome: '5xx, and 408',
    fits: ({ status }) => status >= 500 || status === 408,
    kind: 'transient',
    reason:
      'The server or a gateway failed. Should the refresh have been carried out behind a 502, the new tokens are lost ' +
      'either way, whereas giving up would end every session whenever a gateway has a bad quarter of an hour.',
  },
  {
    outcome: 'A redirect that the transport let through, and 1xx',
    fits: ({ status }) => status < 200 || (status >= 300 && status < 400),
    kind: 'transient',
    reason: 'It points elsewhere, as the sign-in page of a network does, and is never followed with credentials.',
  },
  {
    outcome: '2xx that grants nothing that can be used',
    fits: ({ status }) => status < 400,
    kind: 'ambiguous',
    reason: 'It was granted, it seems, and what for cannot be read: the refresh token may well be spent.',
  },
  {
    outcome: 'An `error` by which this server wants the user to act (Adobe: `ride_…`)',
    fits: ({ demandsAction }) => demandsAction,
    kind: 'terminal',
    reason: 'Nothing but the user can help: the error has the address where.',
  },
  {
    outcome: "An `error` that the server's profile has a meaning for",
    fits: ({ ofProfile }) => ofProfile !== undefined,
    kind: 'profile',
    reason: 'Servers have words of their own.',
  },
  {
    outcome:
      '`invalid_client`, `unauthorized_client`, `unsupported_grant_type`, `unsupported_response_type`, `invalid_scope`',
    fits: ({ error }) => CONFIGURATION_WORDS.has(error),
    kind: 'configuration',
    reason: 'It is about the application and not about the user: mending it must not cost every user a sign-in.',
  },
  {
    outcome: '`server_error`, `temporarily_unavailable`',
    fits: ({ error }) => error === 'server_error' || error === 'temporarily_unavailable',
    kind: 'transient',
    reason: 'The server says itself that it failed.',
  },
  {
    outcome: 'Any other `error`, or 400 or 401 without one, for a service',
    fits: (refused) => refused.purpose === 'client_credentials' && refusesCredential(refused),
    kind: 'configuration',
    reason: "The credential that was refused is the application's own.",
  },
  {
    outcome: 'Any other `error`, such as `invalid_grant`, or 400 or 401 without one',
    fits: refusesCredential,
    kind: 'terminal',
    reason: 'The server refuses the credential itself (RFC 6749 §5.2).',
  },
  {
    outcome: 'Any other status without an `error`, such as a bare 403, 404 or 407',
    fits: () => true,
    kind: 'configuration',
    reason:
      "It comes from a firewall, a proxy or a wrong address: none of them knows the user's credential, and none of " +
      'them may end a session.',
  },
];

const CONFIGURATION_WORDS: ReadonlySet<string | undefined> = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'invalid_scope',
]);

function refusesCredential({ error, status }: Refused): boolean {
  return error !== undefined || status === 400 || status === 401;
}

/** What follows from a failure of this kind. */
export interface Consequence {
  /** Whether the request is made once more at once. */
  readonly repeatsAtOnce: boolean;
  /** The pause before the next attempt: it grows by backoff, or is long from the start. */
  readonly pause: 'backoff' | 'long';
  /** Whether callers without a token wait through a short pause; else they are turned away at once. */
  readonly callersWait: boolean;
  /** Whether a refresh that fails so ends the session, unless another instance has newer tokens. */
  readonly endsSession: boolean;
  readonly reason: string;
}

export const CONSEQUENCES: Readonly<Record<FailureKind, Consequence>> = {
  transient: {
    repeatsAtOnce: false,
    pause: 'backoff',
    callersWait: true,
    endsSession: false,
    reason: 'Nothing happened, and it may work the next time. Servers in trouble must not be pressed.',
  },
  ambiguous: {
    repeatsAtOnce: true,
    pause: 'backoff',
    callersWait: true,
    endsSession: false,
    reason:
      'A server with a grace period takes a spent refresh token again for a short while, so the repetition must come ' +
      'at once. Silence proves nothing, so it ends nothing.',
  },
  configuration: {
    repeatsAtOnce: false,
    pause: 'long',
    callersWait: false,
    endsSession: false,
    reason: 'Somebody has to mend it first. Tokens are kept, and served while they live.',
  },
  terminal: {
    repeatsAtOnce: false,
    pause: 'long',
    callersWait: false,
    endsSession: true,
    reason: 'The credential is dead, and asking again would not bring it back.',
  },
};

export function kindOfSilence(silence: Silence): FailureKind {
  return kindBy(SILENCE_RULES, silence);
}

export function kindOfRefusal(refused: Refused): FailureKind {
  return kindBy(ANSWER_RULES, refused, refused.ofProfile);
}

function kindBy<Outcome>(rules: readonly Rule<Outcome>[], outcome: Outcome, ofProfile?: FailureKind): FailureKind {
  const kind = rules.find((rule) => rule.fits(outcome))?.kind;
  // The last rule of each table fits everything, and the profile's only what the profile has a kind for.
  return (kind === 'profile' ? ofProfile : kind) as FailureKind;
}
