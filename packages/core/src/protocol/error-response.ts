import type { Failure } from '../kernel/failure.js';
import { kindOfResponse, type Purpose } from '../kernel/failure-policy.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import type { Redactor } from '../kernel/redaction.js';
import { retryAfterOf } from '../kernel/retry-after.js';
import { humanMessage } from './human-message.js';
import { parseJsonObject } from './json-object.js';
import { type OAuthError, policyInput, readOAuthError, toForeignFailure } from './oauth-error.js';
import { type Answer, isUnprocessed } from './send-request.js';
import type { ErrorPattern, ServerProfile } from './server-profile.js';

export interface ErrorContext {
  readonly profile: ServerProfile;
  readonly purpose: Purpose;
  readonly redact: Redactor;
  /** The current time, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A parsed response that does not grant the request. */
export interface ErrorResponse {
  readonly failure: Failure;
  /** What the response says of the client secret; `undefined` if the server did not check it. */
  readonly secret: 'rejected' | 'accepted' | undefined;
}

/** Parses a response that does not grant the request. */
export function readErrorResponse(answer: Answer, context: ErrorContext): ErrorResponse {
  const { profile, purpose } = context;
  const { status } = answer;
  const oauthError = oauthErrorIn(profile, answer);
  const rejectsSecret = profile.wrongSecret.some((pattern) => isLike(pattern, status, oauthError));
  const kind = kindOfResponse({ purpose, status, rejectsSecret, ...policyInput(profile, status, oauthError) });
  return {
    failure: failureOf(answer, kind, oauthError, context),
    secret: secretOutcome(status, oauthError, rejectsSecret),
  };
}

/**
 * Returns what the response says of the client secret. A 401 without an `error` is about the client too (RFC 6749
 * §5.2), whatever the profile lists.
 */
function secretOutcome(
  status: number,
  oauthError: OAuthError | undefined,
  rejectsSecret: boolean,
): ErrorResponse['secret'] {
  if (status === 429) return undefined;
  if (rejectsSecret || (status === 401 && oauthError === undefined)) return 'rejected';
  // A wrong client ID is an `invalid_client` too, and a server that failed has checked nothing.
  return isUnprocessed(status) || oauthError?.error === 'invalid_client' ? undefined : 'accepted';
}

function isLike(
  { error, description, status }: ErrorPattern,
  answered: number,
  oauthError: OAuthError | undefined,
): boolean {
  return (
    oauthError?.error === error &&
    (description === undefined || oauthError?.description === description) &&
    (status === undefined || answered === status)
  );
}

/** Returns the OAuth error in the body of a response; `undefined` if the body is empty, HTML, or anything else. */
function oauthErrorIn(profile: ServerProfile, { status, text }: Answer): OAuthError | undefined {
  const isRead = status >= 400 || (status >= 200 && status < 300);
  const members = isRead ? parseJsonObject(text) : undefined;
  const oauthError = members && readOAuthError(profile, (name) => members[name]);
  return oauthError && !REASON_PHRASE.test(oauthError.error) ? oauthError : undefined;
}

/** The status names (RFC 9110 §15) that web frameworks put into `error`; they are not OAuth errors. */
const REASON_PHRASE =
  /^(?:bad request|unauthorized|forbidden|not found|method not allowed|not acceptable|conflict|gone|unsupported media type|unprocessable (?:entity|content)|internal server error|not implemented|bad gateway|service unavailable|gateway timeout)$/i;

function failureOf(
  { status, headers, text }: Answer,
  kind: Failure['kind'],
  oauthError: OAuthError | undefined,
  { profile, redact, now }: ErrorContext,
): Failure {
  const retryAfter = kind === 'transient' ? retryAfterOf(headers, now) : undefined;
  const debugId = profile.debugIdHeader && headers.get(profile.debugIdHeader);
  const foreign = oauthError
    ? toForeignFailure(profile, oauthError, redact)
    : failureForStatus(profile, status, text, redact);
  return foreignFailure({ kind, source: 'server', ...foreign, status, retryAfter, debugId }, redact) as Failure;
}

function failureForStatus(
  { name }: ServerProfile,
  status: number,
  text: string,
  redact: Redactor,
): Pick<Failure, 'code' | 'description'> {
  if (status < 200 || (status >= 300 && status < 400)) {
    return {
      code: 'redirect_refused',
      description: `${name} answered with a redirect, which is never followed. Check the address of the endpoint.`,
    };
  }
  // An unreadable success may hold tokens, so none of it is shown.
  if (status < 300) {
    return { code: 'invalid_response', description: `${name} answered ${status}, but its response cannot be used.` };
  }
  const message = humanMessage(text, redact);
  const quoted = message === '' ? '.' : `: "${message}"`;
  return { code: `http_${status}`, description: `${name} answered ${status} without an OAuth error${quoted}` };
}
