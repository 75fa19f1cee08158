import { LIMITS, type Redactor } from './redaction.js';

/** The characters of a scope: printable ASCII without space, `"` and `\` (RFC 6749 §3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && SCOPE.test(value);
}

/**
 * Makes a list of the scopes in a server's response, a record or an import. Scopes are shown, so it omits what is not a
 * scope-token (RFC 6749 §3.3) and what repeats a secret.
 */
export function scopeList(named: readonly unknown[], redact: Redactor): readonly string[] {
  return named.filter(isScopeToken).filter((scope) => redact(scope, LIMITS.own) === scope);
}
