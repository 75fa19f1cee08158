import { ConfigurationError } from '../kernel/errors.js';
import type { ServerProfile } from './server-profile.js';

/** What a scope may be made of: printable ASCII without space, `"` and `\` (RFC 6749 §3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** @throws ConfigurationError for a scope that cannot be sent, or that the separator would split into several */
export function checkScopes(option: string, scopes: readonly string[], separator: string): void {
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !SCOPE.test(scope) || scope.includes(separator)) {
      throw new ConfigurationError(
        'invalid_option',
        `${option} holds ${JSON.stringify(scope)}, which is not one scope. Give each scope as an item of its own, such as ['openid', 'profile'].`,
      );
    }
  }
}

/** The scopes as the server wants them joined. */
export function joinScopes(profile: ServerProfile, scopes: readonly string[]): string {
  checkScopes('scopes', scopes, profile.scopeSeparator);
  return scopes.join(profile.scopeSeparator);
}

/** The scopes that a server names. One that wants commas may still answer with the spaces of RFC 6749 §3.3. */
export function splitScopes(profile: ServerProfile, text: string): readonly string[] {
  const separator = profile.scopeSeparator === ',' ? /[ ,]+/ : / +/;
  return text.split(separator).filter((scope) => scope !== '');
}
