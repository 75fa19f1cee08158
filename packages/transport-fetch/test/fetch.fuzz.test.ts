import { ConfigurationError, TransportError } from '@frameio-auth/core';
import { requestFailure } from '@frameio-auth/core/adapter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../../tests/seeds.js';
import { authenticatedFetch } from '../src/authenticated-fetch.js';
import { fetchTransport } from '../src/fetch-transport.js';

const SECRET = 'canary-token';

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string());

const anyAddress = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.webUrl().map((text) => new URL(text).origin),
  fc
    .tuple(
      fc.constantFrom('https://', 'http://', 'HTTPS:\\\\', 'https:/', '//', 'blob:https://', 'ftp://', 'javascript:'),
      fc.constantFrom('', `${SECRET}@`, 'api.frame.io@', 'api.frame.io:443@'),
      fc.constantFrom(
        'api.frame.io',
        'API.Frame.io.',
        'api.frame.io.example.com',
        'xn--api',
        '127.1',
        '[::1]',
        '*.frame.io',
      ),
      fc.constantFrom('', ':443', ':0', ':99999', '/v4/me', '\\@example.com', '#@example.com', '?x'),
    )
    .map((parts) => parts.join('')),
  anyText,
);

const anyThing = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true }),
  anyText,
  fc.constant(Symbol('x')),
);

/** What `fetch` may reject with: an error of any kind, with any causes. */
const anyFailure: fc.Arbitrary<unknown> = fc.letrec<{ failure: unknown }>((tie) => ({
  failure: fc.oneof(
    { maxDepth: 3 },
    anyThing,
    fc
      .record(
        {
          message: fc.constantFrom(SECRET, 'fetch failed'),
          code: fc.oneof(
            fc.constantFrom('ECONNREFUSED', 'ECONNRESET', 'CERT_HAS_EXPIRED', 'ENOTFOUND', 'UND_ERR_SOCKET', SECRET),
            anyThing,
          ),
          syscall: fc.oneof(fc.constantFrom('connect', 'getaddrinfo', 'read'), anyThing),
          errors: fc.oneof(fc.array(tie('failure'), { maxLength: 3 }), anyThing),
          cause: tie('failure'),
        },
        { requiredKeys: [] },
      )
      .map((members) => Object.assign(new TypeError('fetch failed'), members)),
  ),
})).failure;

describe('the transport', () => {
  it('makes a TransportError of whatever fetch rejects with, and shows nothing of it', async () => {
    await fc.assert(
      fc.asyncProperty(anyFailure, async (failure) => {
        const transport = fetchTransport({ fetch: () => Promise.reject(failure) });
        const request = {
          method: 'POST',
          headers: { authorization: SECRET },
          redirect: 'manual',
          cache: 'no-store',
        } as const;
        const error = await transport('https://id.example.com/token', request).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(TransportError);
        const { code, message, delivery } = error as TransportError;
        expect(code).toMatch(/^(?:[A-Z][A-Z0-9_]*|request_failed)$/);
        expect(['not_sent', 'unknown']).toContain(delivery);
        expect(`${code} ${message}`).not.toContain(SECRET);
        expect(requestFailure(failure, 'id.example.com').delivery).toBe(delivery);
      }),
      { ...runs(200), examples: [[Object.assign(new Error('x'), { errors: [] })]] },
    );
  });

  it('sends no request to an address or with a header that it cannot send, and shows neither', async () => {
    const anyHeaders = fc.dictionary(fc.oneof(fc.constantFrom('authorization', 'accept'), anyText), anyText);
    await fc.assert(
      fc.asyncProperty(anyAddress, anyHeaders, fc.oneof(fc.constant('POST'), anyText), async (url, headers, method) => {
        let asked = 0;
        const transport = fetchTransport({
          fetch: async () => {
            asked += 1;
            return new Response('{}');
          },
        });
        const init = {
          method,
          headers: { ...headers, 'x-secret': SECRET },
          redirect: 'manual',
          cache: 'no-store',
        } as const;
        const reply = await transport(url, init).catch((reason: unknown) => reason);
        if (asked > 0) expect(reply).toBeInstanceOf(Response);
        else {
          expect(reply).toBeInstanceOf(TransportError);
          expect(reply).toMatchObject({ code: 'invalid_request', delivery: 'not_sent' });
          expect((reply as TransportError).message).not.toContain(SECRET);
        }
      }),
      runs(200),
    );
  });
});

describe('the allowed origins', () => {
  it('are the only ones that see the token, however the address is written', async () => {
    await fc.assert(
      fc.asyncProperty(anyAddress, async (address) => {
        const asked: string[] = [];
        const fetch = async (url: string | Request) => {
          asked.push(String(url));
          return new Response();
        };
        const send = authenticatedFetch({ getToken: async () => SECRET }, { fetch });
        const error = await send(address).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(ConfigurationError);
        expect(String(error)).not.toContain(SECRET);
        for (const url of asked) expect(new URL(url).origin).toBe('https://api.frame.io');
        expect(asked).toHaveLength(error === undefined ? 1 : 0);
      }),
      runs(250),
    );
  });
});
