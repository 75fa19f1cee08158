import { absoluteUrl } from '../kernel/absolute-url.js';
import { ConfigurationError } from '../kernel/errors.js';
import { isLoopback } from '../kernel/secure-url.js';
import type { ServerProfile } from './server-profile.js';

/** Schemes that browsers and systems handle themselves; no application receives a code by them. */
const FOREIGN_SCHEMES: readonly string[] = [
  ...['about:', 'blob:', 'data:', 'file:', 'filesystem:', 'intent:', 'javascript:', 'vbscript:', 'view-source:'],
  ...['ftp:', 'ftps:', 'mailto:', 'sms:', 'tel:', 'ws:', 'wss:', 'urn:'],
];

/**
 * Checks a redirect URI. Private-use schemes are allowed (RFC 8252 §7.1).
 *
 * @throws ConfigurationError for a URI that is not absolute or has a fragment (RFC 6749 §3.1.2), and for plain http,
 * unless it stays on this machine and the server accepts it
 */
export function checkRedirectUri(profile: ServerProfile, redirectUri: string): void {
  const url = absoluteUrl(redirectUri);
  if (url === undefined) refuse('is not a URL. Pass it as it is registered: https://host/callback.');
  // The URL parser accepts what the server's comparison does not, and parses "localhost:8080/callback" as a scheme.
  if (/\s/.test(redirectUri)) refuse('has a space or a line break. Pass it exactly as it is registered.');
  if (!/^[a-z][a-z0-9+.-]*:\//i.test(redirectUri)) refuse('has no scheme. Pass the whole URL: https://host/callback.');
  if (redirectUri.includes('#')) refuse('has a fragment ("#…"). Take it out (RFC 6749 §3.1.2).');
  if (FOREIGN_SCHEMES.includes(url.protocol)) {
    refuse(
      `has the scheme ${url.protocol} which opens no application. Pass an https address, or one with your own scheme.`,
    );
  }
  if (url.protocol !== 'http:') return;
  if (!isLoopback(url)) refuse('must be https, because the authorization code travels there.');
  if (!profile.plainHttpRedirects) refuse(`must be https for ${profile.name}, for localhost as well.`);
}

function refuse(complaint: string): never {
  throw new ConfigurationError('invalid_option', `redirectUri ${complaint}`);
}
