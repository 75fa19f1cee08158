import { absoluteUrl } from '../kernel/absolute-url.js';
import { ConfigurationError } from '../kernel/errors.js';
import { isSecureUrl } from '../kernel/secure-url.js';

/**
 * Parses the origin in an option: scheme, host and port.
 *
 * @throws ConfigurationError as {@link checkAddress} does, and for a path or a query
 */
export function checkOrigin(option: string, value: string): string {
  const { origin, href } = checkAddress(option, value);
  if (href === `${origin}/`) return origin;
  throw new ConfigurationError('invalid_option', `${option} has a path or a query. Pass only the origin: ${origin}.`);
}

/**
 * Parses the address in an option. Errors do not repeat it, because it may hold a password.
 *
 * @throws ConfigurationError unless it is https, or plain http on this machine, without user name, password and
 * fragment (RFC 6749 §3.1 and §3.2)
 */
export function checkAddress(option: string, value: unknown): URL {
  const url = absoluteUrl(value);
  if (url === undefined) {
    throw new ConfigurationError('invalid_option', `${option} is not a URL. Pass an absolute one: https://host/path.`);
  }
  if (!isSecureUrl(url)) {
    throw new ConfigurationError(
      'invalid_option',
      `${option} must be https, because secrets travel there. Plain http is for servers on this machine alone (localhost, 127.0.0.1, [::1]).`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError(
      'invalid_option',
      `${option} holds a user name or password. Take it out: clients authenticate with clientId and clientSecret.`,
    );
  }
  if (url.href.includes('#')) {
    throw new ConfigurationError(
      'invalid_option',
      `${option} has a fragment ("#…"). Take it out: servers never see it.`,
    );
  }
  return url;
}
