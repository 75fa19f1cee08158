import { absoluteUrl } from '../kernel/absolute-url.js';
import { ConfigurationError } from '../kernel/errors.js';
import { isSecureUrl } from '../kernel/secure-url.js';

/**
 * Returns the given origins (RFC 6454) in the platform's spelling: without default ports, hosts in lower case.
 *
 * @throws ConfigurationError `invalid_option`
 */
export function originSet(origins: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(origins)) {
    throw new ConfigurationError(
      'invalid_option',
      "`allowedOrigins` must be an array, such as ['https://api.frame.io'].",
    );
  }
  return new Set(origins.map(allowedOrigin));
}

function allowedOrigin(text: unknown): string {
  const url = absoluteUrl(text);
  // An origin equals its URL without the slash: no path, no credentials. A wildcard would never match.
  if (url === undefined || url.href !== `${url.origin}/` || url.hostname.includes('*')) {
    throw new ConfigurationError(
      'invalid_option',
      '`allowedOrigins` takes scheme, host and port, such as https://api.frame.io, without a path or a wildcard.',
    );
  }
  if (!isSecureUrl(url)) {
    throw new ConfigurationError(
      'invalid_option',
      `\`allowedOrigins\` cannot hold ${url.origin}: a token goes over https, or over http to loopback alone.`,
    );
  }
  return url.origin;
}
