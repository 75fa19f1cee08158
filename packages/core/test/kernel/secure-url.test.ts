import { describe, expect, it } from 'vitest';
import { isSecureUrl } from '../../src/kernel/secure-url.js';

describe('an address that keeps requests private', () => {
  it.each([
    'https://evil.example/',
    'http://localhost:8080/',
    'http://127.0.0.1/',
    'http://127.1/',
    'http://0x7f000001/',
    'http://[::1]:9/',
  ])('is https, or is on this machine (RFC 8252 §8.3): %s', (address) => {
    expect(isSecureUrl(new URL(address))).toBe(true);
  });

  it.each([
    ['a remote host', 'http://evil.example'],
    ['a name that resolves to this machine', 'http://127.0.0.1.nip.io'],
    ['a name that begins like this machine', 'http://localhost.evil.example'],
    ['a name that ends like this machine', 'http://evil-localhost'],
    ['all addresses of this machine', 'http://0.0.0.0'],
    ['an IPv4 address inside IPv6', 'http://[::ffff:127.0.0.1]'],
    ['this machine as the user name', 'http://127.0.0.1@evil.example'],
    ['this machine in the fragment', 'http://evil.example#@127.0.0.1'],
    ['this machine after a backslash', 'http://evil.example\\@127.0.0.1'],
    ['no slashes', 'http:evil.example'],
    ['a full stop of another alphabet', 'http://127.0.0.1\u3002evil.example'],
    ['another scheme', 'ws://127.0.0.1'],
  ])('is not one with %s: %s', (_what, address) => {
    expect(isSecureUrl(new URL(address))).toBe(false);
  });
});
