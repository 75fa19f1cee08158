import { ConfigurationError } from '../kernel/errors.js';
import { isScopeToken } from '../kernel/scope-list.js';

/** What separates two scopes in a request; RFC 6749 §3.3 requires the space. */
export type ScopeSeparator = ' ' | ',';

/** @throws ConfigurationError for a scope that cannot be sent, or that the separator would split into several */
export function checkScopes(option: string, scopes: readonly string[], separator: ScopeSeparator): void {
  if (!Array.isArray(scopes)) {
    throw new ConfigurationError('invalid_option', `${option} must be an array, such as ['openid', 'profile'].`);
  }
  for (const scope of scopes) {
    if (!isScope(scope, separator)) {
      const what = typeof scope === 'string' ? JSON.stringify(scope) : 'something';
      throw new ConfigurationError(
        'invalid_option',
        `${option} holds ${what}, which is not one scope. Pass each scope as its own item, such as ['openid', 'profile'].`,
      );
    }
  }
}

/** Returns whether it can be sent as one scope. */
export function isScope(scope: unknown, separator: ScopeSeparator): boolean {
  return isScopeToken(scope) && !scope.includes(separator);
}

/** @throws ConfigurationError as {@link checkScopes} does */
export function joinScopes(scopes: readonly string[], separator: ScopeSeparator): string {
  checkScopes('scopes', scopes, separator);
  return scopes.join(separator);
}

/**
 * Returns the scopes that a server names. A server that expects commas may still respond with the spaces of RFC 6749
 * §3.3.
 */
export function splitScopes(text: string, separator: ScopeSeparator): readonly string[] {
  return text.split(separator === ',' ? /[ ,]+/ : / +/).filter((scope) => scope !== '');
}
