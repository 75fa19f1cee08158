import { absoluteUrl } from './absolute-url.js';
import { foreignCode } from './errors.js';
import type { Failure, FailureKind } from './failure.js';
import { LIMITS, type Redactor } from './redaction.js';
import { isSecureUrl } from './secure-url.js';

/** A failure as a response or a record describes it, not validated yet. */
export type ForeignFailure = {
  readonly [Member in
    | 'kind'
    | 'source'
    | 'code'
    | 'description'
    | 'status'
    | 'retryAfter'
    | 'userActionRequired'
    | 'actionUrl'
    | 'debugId']?: unknown;
};

const KINDS: readonly unknown[] = ['terminal', 'transient', 'ambiguous', 'configuration'] satisfies FailureKind[];
const SOURCES: readonly unknown[] = ['server', 'transport', 'storage', 'session'] satisfies Failure['source'][];

/**
 * Makes a failure of foreign data. Every failure from outside is made here. Its text is redacted and truncated, because
 * failures are shown and logged. Returns `undefined` if it is not a failure.
 */
export function foreignFailure(foreign: ForeignFailure, redact: Redactor): Failure | undefined {
  const { kind, source, code, description, status, retryAfter, userActionRequired } = foreign;
  if (!KINDS.includes(kind) || !SOURCES.includes(source)) return undefined;
  if (typeof code !== 'string' || typeof description !== 'string') return undefined;
  const debugId = redact(textOf(foreign.debugId), LIMITS.word);
  const actionUrl = userActionRequired === true ? addressOf(foreign.actionUrl, redact) : undefined;
  return {
    kind: kind as FailureKind,
    source: source as Failure['source'],
    // A code of invisible characters is empty after redaction.
    code: foreignCode(redact(code, LIMITS.word)) || 'unnamed_error',
    description: redact(description, LIMITS.passage) || 'No reason was given.',
    ...(isStatus(status) && { status }),
    ...(isDuration(retryAfter) && { retryAfter }),
    ...(userActionRequired === true && { userActionRequired }),
    ...(actionUrl !== undefined && { actionUrl }),
    ...(debugId !== '' && { debugId }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Returns whether it has three digits, even if no standard defines it (RFC 9110 §15). */
function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999;
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Returns an address for users to open: private, without user name and password, and unchanged by redaction. */
function addressOf(text: unknown, redact: Redactor): string | undefined {
  if (typeof text !== 'string' || redact(text, LIMITS.address) !== text) return undefined;
  const url = absoluteUrl(text);
  if (url === undefined) return undefined;
  // The parser may have joined parts of a secret.
  const isClean = redact(url.href, LIMITS.address) === url.href;
  return isClean && isSecureUrl(url) && url.username === '' && url.password === '' ? url.href : undefined;
}
