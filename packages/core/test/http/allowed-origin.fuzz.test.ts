import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { originSet } from '../../src/http/allowed-origin.js';
import { ConfigurationError } from '../../src/kernel/errors.js';
import { runs } from '../fuzzing.js';

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

describe('the allowed origins', () => {
  it('are origins that are safe for a token, or rejected with a ConfigurationError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(anyAddress), anyThing), (origins) => {
        let set: ReadonlySet<string>;
        try {
          set = originSet(origins as string[]);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
          expect((error as Error).message).not.toContain(SECRET);
          return;
        }
        for (const origin of set) {
          expect(new URL(origin).origin).toBe(origin);
          expect(origin).toMatch(/^https:\/\/|^http:\/\/(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/);
        }
      }),
      runs(250),
    );
  });
});
