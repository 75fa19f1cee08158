import type { Failure } from '../kernel/failure.js';
import { kindOfRefusal, type Purpose } from '../kernel/failure-policy.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import type { Cleaner } from '../kernel/foreign-text.js';
import { retryAfterOf } from '../kernel/retry-after.js';
import { type Answer, isUnserved } from './exchange.js';
import { parseJsonObject } from './json-object.js';
import { judgeable, type Refusal, readRefusal, wordsOf } from './refusal.js';
import type { ErrorPattern, ServerProfile } from './server-profile.js';
import { spokenWords } from './spoken-words.js';

export interface ErrorContext {
  readonly profile: ServerProfile;
  readonly purpose: Purpose;
  readonly clean: Cleaner;
  /** The current time, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A parsed response that does not grant the request. */
export interface ErrorResponse {
  readonly failure: Failure;
  /** What the response says of the client secret; `undefined` if the server did not check it. */
  readonly secret: 'refused' | 'accepted' | undefined;
}

/** Parses a response that does not grant the request. */
export function readErrorResponse(answer: Answer, context: ErrorContext): ErrorResponse {
  const { profile, purpose } = context;
  const { status } = answer;
  const refusal = refusalIn(profile, answer);
  const refusesSecret = profile.wrongSecret.some((pattern) => isLike(pattern, status, refusal));
  const kind = kindOfRefusal({ purpose, status, refusesSecret, ...judgeable(profile, status, refusal) });
  return {
    failure: failureOf(answer, kind, refusal, context),
    secret: verdictOnSecret(status, refusal, refusesSecret),
  };
}

/**
 * Returns what the response says of the client secret. A 401 without an `error` is about the client too (RFC 6749
 * §5.2), whatever the profile lists.
 */
function verdictOnSecret(
  status: number,
  refusal: Refusal | undefined,
  refusesSecret: boolean,
): ErrorResponse['secret'] {
  if (status === 429) return undefined;
  if (refusesSecret || (status === 401 && refusal === undefined)) return 'refused';
  // A wrong client ID is an `invalid_client` too, and a server that failed has checked nothing.
  return isUnserved(status) || refusal?.error === 'invalid_client' ? undefined : 'accepted';
}

function isLike({ error, description, status }: ErrorPattern, answered: number, refusal: Refusal | undefined): boolean {
  return (
    refusal?.error === error &&
    (description === undefined || refusal?.description === description) &&
    (status === undefined || answered === status)
  );
}

/** Returns the OAuth error in the body of a response; `undefined` if the body is empty, HTML, or anything else. */
function refusalIn(profile: ServerProfile, { status, text }: Answer): Refusal | undefined {
  const isRead = status >= 400 || (status >= 200 && status < 300);
  const members = isRead ? parseJsonObject(text) : undefined;
  const refusal = members && readRefusal(profile, (name) => members[name]);
  return refusal && !REASON_PHRASE.test(refusal.error) ? refusal : undefined;
}

/** The status names (RFC 9110 §15) that web frameworks put into `error`; they are not OAuth errors. */
const REASON_PHRASE =
  /^(?:bad request|unauthorized|forbidden|not found|method not allowed|not acceptable|conflict|gone|unsupported media type|unprocessable (?:entity|content)|internal server error|not implemented|bad gateway|service unavailable|gateway timeout)$/i;

function failureOf(
  { status, headers, text }: Answer,
  kind: Failure['kind'],
  refusal: Refusal | undefined,
  { profile, clean, now }: ErrorContext,
): Failure {
  const retryAfter = kind === 'transient' ? retryAfterOf(headers, now) : undefined;
  const debugId = profile.debugIdHeader && headers.get(profile.debugIdHeader);
  const words = refusal ? wordsOf(profile, refusal, clean) : wordsForStatus(profile, status, text, clean);
  return foreignFailure({ kind, source: 'server', ...words, status, retryAfter, debugId }, clean) as Failure;
}

function wordsForStatus(
  { name }: ServerProfile,
  status: number,
  text: string,
  clean: Cleaner,
): Pick<Failure, 'code' | 'description'> {
  if (status < 200 || (status >= 300 && status < 400)) {
    return {
      code: 'redirect_refused',
      description: `${name} answered with a redirect, which is never followed. Check the address of the endpoint.`,
    };
  }
  // An unreadable success may hold tokens, so none of it is shown.
  if (status < 300) {
    return { code: 'invalid_response', description: `${name} answered ${status} without what was asked for.` };
  }
  const said = spokenWords(text, clean);
  const words = said === '' ? '.' : `: "${said}"`;
  return { code: `http_${status}`, description: `${name} answered ${status} without an OAuth error${words}` };
}
