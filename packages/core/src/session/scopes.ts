import { ConfigurationError } from '../kernel/errors.js';

/** Scopes as an array, or as one string with commas or spaces between them. */
export type Scopes = string | readonly string[];

/** @throws ConfigurationError for any other type, and for a string without scopes */
export function readScopes(scopes: Scopes): readonly string[] {
  if (typeof scopes === 'string' && scopes.trim() !== '') return scopes.split(/[\s,]+/).filter((scope) => scope !== '');
  // A copy, so that later changes to the caller's array have no effect.
  if (Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string')) return [...scopes];
  throw new ConfigurationError(
    'invalid_option',
    "scopes must be an array of strings, such as ['openid', 'profile'], or one string with commas or spaces between. Leave it out for the server's default.",
  );
}
