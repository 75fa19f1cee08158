import type { Failure } from '../kernel/failure.js';
import { kindOfRefusal, type Purpose } from '../kernel/failure-policy.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import type { Cleaner } from '../kernel/foreign-text.js';
import { type Answer, isUnserved } from './exchange.js';
import { parseJsonObject } from './json-object.js';
import { judgeable, type Refusal, readRefusal, wordsOf } from './refusal.js';
import { retryAfterOf } from './retry-after.js';
import type { ErrorPattern, ServerProfile } from './server-profile.js';
import { spokenWords } from './spoken-words.js';

export interface ErrorContext {
  readonly profile: ServerProfile;
  readonly purpose: Purpose;
  readonly clean: Cleaner;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** An answer that does not grant the request, read. */
export interface ErrorResponse {
  readonly failure: Failure;
  /** What the answer tells of the client secret that was shown; nothing when it was not looked at. */
  readonly secret: 'refused' | 'accepted' | undefined;
}

/** Reads an answer that does not grant the request. */
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

/** A 401 without a word is about the client as well (RFC 6749 §5.2), whatever the profile lists. */
function verdictOnSecret(
  status: number,
  refusal: Refusal | undefined,
  refusesSecret: boolean,
): ErrorResponse['secret'] {
  if (status === 429) return undefined;
  if (refusesSecret || (status === 401 && refusal === undefined)) return 'refused';
  // A wrong client id is an `invalid_client` too, and who fails has looked at nothing.
  return isUnserved(status) || refusal?.error === 'invalid_client' ? undefined : 'accepted';
}

function isLike({ error, description, status }: ErrorPattern, answered: number, refusal: Refusal | undefined): boolean {
  return (
    refusal?.error === error &&
    (description === undefined || refusal?.description === description) &&
    (status === undefined || answered === status)
  );
}

/** The refusal in the body of an answer; `undefined` for one that is empty, HTML, or anything else. */
function refusalIn(profile: ServerProfile, { status, text }: Answer): Refusal | undefined {
  const isRead = status >= 400 || (status >= 200 && status < 300);
  const members = isRead ? parseJsonObject(text) : undefined;
  const refusal = members && readRefusal(profile, (name) => members[name]);
  return refusal && !REASON_PHRASE.test(refusal.error) ? refusal : undefined;
}

/** What web frameworks put into `error`: the name of the status (RFC 9110 §15), which is no word of OAuth. */
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
  // A success that cannot be read may hold tokens, so nothing of it is shown.
  if (status < 300) {
    return { code: 'invalid_response', description: `${name} answered ${status} without what was asked for.` };
  }
  const said = spokenWords(text, clean);
  const words = said === '' ? '.' : `: "${said}"`;
  return { code: `http_${status}`, description: `${name} answered ${status} without an OAuth error${words}` };
}
