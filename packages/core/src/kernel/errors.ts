import { brand } from './brand.js';
import type { ErrorCode, ForeignErrorCode, KnownErrorCode } from './error-codes.js';
import type { Delivery, Failure } from './failure.js';
import type { EndingCause, Rejection, SessionEnding } from './session-ending.js';

/** The page of this package that explains each code and what to do. */
const ERRORS_PAGE = '@frameio-auth/core/errors.md';

/**
 * Marks a code that is not on the error page: a server's `error`, or a code of your own storage or transport. Codes in
 * capitals, such as `ENOSPC`, need no mark.
 */
export function foreignCode(code: string): ForeignErrorCode {
  return code as ForeignErrorCode;
}

/**
 * The base class of all errors of these packages. Its fields are words and numbers that are safe to log. An error never
 * holds a token, a code, a verifier, a client secret, a whole response body or a header. It has no `cause`, because
 * errors of other libraries may hold those.
 *
 * `instanceof` also recognises errors from another copy of this package.
 */
export abstract class FrameioAuthError extends Error {
  /** What went wrong, for programs to compare. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /**
   * Where the code is explained: `@frameio-auth/core/errors.md#storage_timeout`, a file in this package. A foreign code
   * that is not listed there leads to the top of the page, which says what to do.
   */
  get help(): string {
    return `${ERRORS_PAGE}#${encodeURIComponent(this.code.toLowerCase())}`;
  }

  /** Returns the error as plain data: its name, message, public fields and `help`, without the stack. */
  toJSON(): object {
    return { ...this, name: this.name, message: this.message, help: this.help };
  }
}

interface ResponseDetails {
  /** HTTP status of the server's response. */
  readonly status?: number | undefined;
  /** The server's ID of its response, which its support asks for (Adobe: `x-debug-id`). */
  readonly debugId?: string | undefined;
}

/** An error that may come from a server's response. */
abstract class ResponseError extends FrameioAuthError {
  /** HTTP status of the server's response, if there was one. */
  declare readonly status?: number;
  /** The server's ID of its response, which its support asks for (Adobe: `x-debug-id`). */
  declare readonly debugId?: string;

  constructor(code: ErrorCode, message: string, { status, debugId }: ResponseDetails = {}) {
    super(code, message);
    if (status !== undefined) this.status = status;
    if (debugId !== undefined) this.debugId = debugId;
  }
}

/** The application's configuration or arguments are wrong; the message says what to change. Tokens are kept. */
export class ConfigurationError extends ResponseError {
  override readonly name: string = 'ConfigurationError';
}

export interface AuthenticationErrorDetails extends ResponseDetails {
  /** The server's `error_description`, or a sentence of this package. */
  readonly errorDescription: string;
}

/**
 * The user or the client is not signed in, or a sign-in failed. `errorCode` is the server's `error`, if it sent one.
 */
export class AuthenticationError extends ResponseError {
  override readonly name: string = 'AuthenticationError';
  readonly errorCode: ErrorCode;
  readonly errorDescription: string;

  constructor(errorCode: ErrorCode, message: string, details: AuthenticationErrorDetails) {
    super(errorCode, message, details);
    this.errorCode = errorCode;
    this.errorDescription = details.errorDescription;
  }
}

/** The session has ended: its tokens are expired, rejected or revoked. Sign in again. */
export class TokenExpiredError extends AuthenticationError {
  override readonly name: string = 'TokenExpiredError';
}

/** The server requires the user to act (accept terms, confirm an address) at `actionUrl` before it issues tokens. */
export class UserActionRequiredError extends AuthenticationError {
  override readonly name: string = 'UserActionRequiredError';
  /** Where to send the user; absent if the server named no https address. */
  declare readonly actionUrl?: string;

  constructor(
    errorCode: ErrorCode,
    message: string,
    details: AuthenticationErrorDetails & { actionUrl?: string | undefined },
  ) {
    super(errorCode, message, details);
    if (details.actionUrl !== undefined) this.actionUrl = details.actionUrl;
  }
}

/** There was no response. `delivery` says whether the server may have received the request. Tokens are kept. */
export class TransportError extends FrameioAuthError {
  override readonly name: string = 'TransportError';
  readonly delivery: Delivery;
  /** What to do about it, in the transport's words; the message ends with it. */
  declare readonly advice?: string;

  /**
   * @param code - what happened, such as `timeout`, `ECONNREFUSED` or `redirect_refused`
   * @param message - what happened, and why. It may quote foreign text, so sessions show only its first 200 characters
   * @param details - `advice`: what to do, in the transport's own words. Sessions show all of it after the message
   */
  constructor(code: ErrorCode, message: string, details: { delivery: Delivery; advice?: string | undefined }) {
    const { delivery, advice } = details;
    super(code, advice === undefined ? message : `${message} ${advice}`);
    this.delivery = delivery;
    if (advice !== undefined) this.advice = advice;
  }
}

/** The server's rate limit was hit. Tokens are kept. */
export class RateLimitError extends FrameioAuthError {
  override readonly name: string = 'RateLimitError';
  /** Seconds to wait, as in the `Retry-After` header; absent if the server named no time. */
  declare readonly retryAfter?: number;

  constructor(message: string, details: { retryAfter?: number | undefined }) {
    super('rate_limited', message);
    if (details.retryAfter !== undefined) this.retryAfter = details.retryAfter;
  }
}

/** The server's response violates OAuth, or the server failed (5xx). Tokens are kept. */
export class ProtocolError extends ResponseError {
  override readonly name: string = 'ProtocolError';
}

/** The storage could not read or write. Its records are unchanged, and tokens in memory are kept. */
export class StorageError extends FrameioAuthError {
  override readonly name: string = 'StorageError';
  /**
   * The version of a record that exists but cannot be read, if that failed and is not expected to pass. New tokens may
   * be written over this version.
   */
  declare readonly version?: number;

  constructor(code: ErrorCode, message: string, details: { version?: number | undefined } = {}) {
    super(code, message);
    if (details.version !== undefined) this.version = details.version;
  }
}

const ERRORS = {
  AuthenticationError,
  ConfigurationError,
  FrameioAuthError,
  ProtocolError,
  RateLimitError,
  StorageError,
  TokenExpiredError,
  TransportError,
  UserActionRequiredError,
};
for (const [name, branded] of Object.entries(ERRORS)) brand(branded, name);

/** Returns the error that a caller sees for a failure. */
export function errorOf(failure: Failure): FrameioAuthError {
  const { code, description, status, debugId, actionUrl, version } = failure;
  const details = { errorDescription: description, status, debugId };
  switch (failure.source) {
    case 'storage':
      return new StorageError(code, description, { version });
    case 'transport':
      return new TransportError(code, description, { delivery: failure.delivery ?? 'unknown' });
    case 'session':
      return failure.kind === 'configuration'
        ? new ConfigurationError(code, description)
        : new AuthenticationError(code, description, details);
    case 'server':
      break;
  }
  if (failure.userActionRequired) {
    const where = actionUrl === undefined ? '' : ` at ${actionUrl}`;
    return new UserActionRequiredError(code, `The user must act${where} before a token can be issued: ${description}`, {
      ...details,
      actionUrl,
    });
  }
  if (failure.kind === 'configuration') {
    return new ConfigurationError(
      code,
      `The authorization server refused the request (${code}): ${asSentence(description)} ${failure.advice ?? ADVICE.get(code) ?? 'Check how the application is configured, here and at the server.'}`,
      { status, debugId },
    );
  }
  if (failure.kind === 'terminal') {
    return new AuthenticationError(
      code,
      `The authorization server refused (${code}): ${asSentence(description)} Start the sign-in again.`,
      details,
    );
  }
  if (status === 429) {
    const seconds = failure.retryAfter === undefined ? undefined : Math.ceil(failure.retryAfter / 1000);
    const wait = seconds === undefined ? 'for a while' : `for ${seconds} s`;
    return new RateLimitError(
      `The authorization server asks to wait ${wait}: ${asSentence(description)} Tokens are kept. Try again after that.`,
      { retryAfter: seconds },
    );
  }
  return new ProtocolError(
    code,
    `The authorization server failed (${code}): ${asSentence(description)} Tokens are kept. Try again later. If it keeps failing, contact its support.`,
    { status, debugId },
  );
}

/** Ends foreign text with exactly one full stop. */
function asSentence(text: string): string {
  return /[.!?]["”]?$/.test(text) ? text : `${text}.`;
}

/** What to check when the server rejects the client with an `error` of RFC 6749 §5.2, or with a 401 without one. */
const ADVICE: ReadonlyMap<string, string> = new Map<KnownErrorCode, string>([
  ['invalid_client', 'Check clientId and clientSecret, and whether the secret is still valid.'],
  ['http_401', 'Check clientId and clientSecret, and whether the secret is still valid.'],
  ['invalid_scope', 'Check scopes: the credential must be allowed to request each of them in this flow.'],
  ['unauthorized_client', 'Check whether the kind of the credential matches this flow.'],
  ['unsupported_grant_type', 'Check server: it does not offer this flow.'],
  ['invalid_target', 'Check the parameters `resource` and `audience` in server.tokenParameters.'],
  ['server_error', 'Start the sign-in again in a few minutes.'],
  ['temporarily_unavailable', 'Start the sign-in again in a few minutes.'],
]);

/** Returns the error for what a browser claims that the server said. */
export function errorOfClaim({ code, description, userActionRequired }: Failure): AuthenticationError {
  const advice = userActionRequired ? 'Sign in at the server first.' : (ADVICE.get(code) ?? 'Start the sign-in again.');
  const message = `The browser claims that the server refused the sign-in (${code}): "${asSentence(description)}" If that is right: ${advice}`;
  const Claimed = userActionRequired ? UserActionRequiredError : AuthenticationError;
  return new Claimed(code, message, { errorDescription: description });
}

/** Returns the error for a caller that gets no token. */
export function errorOfRejection(rejection: Rejection): FrameioAuthError {
  switch (rejection.reason) {
    case 'failed':
      return errorOf(rejection.failure);
    case 'not_authenticated':
      return new AuthenticationError('not_authenticated', `No user is signed in. ${SIGN_IN}`, {
        errorDescription: 'No user is signed in.',
      });
    case 'revoked':
      return new TokenExpiredError('token_revoked', `The session was signed out. ${SIGN_IN}`, {
        errorDescription: 'The session was signed out.',
      });
    case 'ended':
      return errorOfEnding(rejection.ending);
  }
}

const SIGN_IN = 'Sign in with getAuthorizationUrl() and handleCallback().';

const ENDINGS: Readonly<Record<EndingCause, string>> = {
  refresh_token_rejected: 'The authorization server rejected the refresh token.',
  refresh_interrupted:
    'The authorization server rejected the refresh token, because the response to an earlier refresh was lost with the new tokens.',
  user_action_required: 'The authorization server requires an action of the user first.',
  access_token_expired: 'The access token expired, and there is no refresh token.',
  access_token_rejected: 'The API rejected the access token, and there is no refresh token.',
};

function errorOfEnding({ cause, failure }: SessionEnding): FrameioAuthError {
  if (failure?.userActionRequired) return errorOf(failure);
  const sentence = ENDINGS[cause];
  const details = {
    errorDescription: failure?.description ?? sentence,
    status: failure?.status,
    debugId: failure?.debugId,
  };
  return new TokenExpiredError(failure?.code ?? cause, `${sentence} ${SIGN_IN}`, details);
}
