import { ConfigurationError } from './kernel/errors.js';

/** What core requires of the platform beyond the language. Browsers have had all of it since early 2022. */
const NEEDED: Readonly<Record<string, () => unknown>> = {
  'crypto.getRandomValues': () => globalThis.crypto?.getRandomValues,
  URL: () => globalThis.URL,
  URLSearchParams: () => globalThis.URLSearchParams,
  Headers: () => globalThis.Headers,
  Response: () => globalThis.Response,
  TextEncoder: () => globalThis.TextEncoder,
  TextDecoder: () => globalThis.TextDecoder,
  'performance.now': () => globalThis.performance?.now,
  'String.prototype.replaceAll': () => String.prototype.replaceAll,
};

/**
 * Checks that the platform supports what sessions need, before a code or a refresh token is consumed in vain.
 *
 * @param needs - `hashes`: whether users sign in (PKCE)
 * @throws ConfigurationError `unsupported_platform` that says what is missing
 */
export function checkPlatform({ hashes }: { readonly hashes: boolean }): void {
  const missing = Object.keys(NEEDED).filter((name) => typeof NEEDED[name]?.() !== 'function');
  if (missing.length > 0) {
    refuse(
      `This platform has no ${missing.join(', ')}. Use a browser that has it (Chrome and Edge 99, Firefox 97, Safari 15.4 or later), or load a polyfill before this package.`,
    );
  }
  if (hashes && typeof globalThis.crypto.subtle?.digest !== 'function') {
    refuse(
      'This page has no crypto.subtle, which sign-ins need. Browsers provide it only in secure contexts. Serve the page over https, or from localhost.',
    );
  }
}

function refuse(message: string): never {
  throw new ConfigurationError('unsupported_platform', message);
}
