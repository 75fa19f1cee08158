/** Returns whether the address is this machine: `localhost`, 127.0.0.0/8 or `[::1]` (RFC 8252 §8.3). */
export function isLoopback(url: URL): boolean {
  // The URL parser has already normalized the host: 127.1 and 0x7f000001 are 127.0.0.1 here.
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

/** Returns whether a request to the address stays private: https, or plain http that does not leave this machine. */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}
