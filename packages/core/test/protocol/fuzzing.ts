/** Generated servers and responses, for the properties of the messages. */
import fc from 'fast-check';
import type { Transport } from '../../src/kernel/transport.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { customServer } from '../../src/protocol/custom-server.js';
import { legacyFrameio } from '../../src/protocol/legacy-frameio.js';
import type { ServerProfile } from '../../src/protocol/server-profile.js';
import { anyText } from '../fuzzing.js';

export const profiles: readonly ServerProfile[] = [
  adobeIms(),
  legacyFrameio(),
  // Commas, and scopes in every refresh: the two above have one of these each.
  customServer({
    issuer: 'https://id.example.com',
    tokenEndpoint: 'https://id.example.com/token',
    revocationEndpoint: 'https://id.example.com/revoke',
    clientAuthentication: 'client_secret_post',
    scopeSeparator: ',',
    refreshCarriesScope: true,
    codeRequestCarriesStateAndScope: true,
    userAction: { errorPrefix: 'act_', addressField: 'where' },
    errorKinds: { session_gone: 'terminal', come_back: 'transient', wrong_app: 'configuration' },
    debugIdHeader: 'x-request-id',
  }),
];

export const anyProfile: fc.Arbitrary<ServerProfile> = fc.constantFrom(...profiles);

/** A response as bytes and headers, with any status that a `Response` can have. */
export interface Answering {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** A transport that responds to every request with the same response. */
export function answering({ status, headers, body }: Answering): Transport {
  return async () => {
    const bodiless = status === 204 || status === 205 || status === 304 || body.length === 0;
    return new Response(bodiless ? null : body, { status, headers: headers.map(([name, value]) => [name, value]) });
  };
}

export const anyStatus: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(200, 200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503),
  fc.integer({ min: 200, max: 599 }),
);

/** The characters of a header's value. */
const headerText = anyText.map((text) => text.replace(/[^\x20-\x7e\x80-\xff]/g, '').trim());

const anyTime = fc.oneof(
  headerText,
  fc.constantFrom('0', '120', '-1', '1e9', '99999999999999999999999', '9'.repeat(400), ' 7 ', '7.5', '0x10', '²'),
  fc.constantFrom('Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'),
  fc.constantFrom('Fri, 31 Dec 9999 23:59:59 GMT', 'Fri, 32 Dec 2026 99:99:99 GMT', 'Mon', 'Tue, GMT', 'Sat 275760'),
);

export const anyHeaders: fc.Arbitrary<readonly (readonly [string, string])[]> = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constant('content-type'),
      fc.oneof(
        headerText,
        fc.constantFrom(
          'application/json',
          'application/json; charset=utf-16',
          'text/html',
          'text/plain;charset=latin1',
        ),
      ),
    ),
    fc.tuple(fc.constantFrom('retry-after', 'date'), anyTime),
    fc.tuple(fc.constantFrom('x-debug-id', 'x-request-id', 'location', 'www-authenticate', 'dpop-nonce'), headerText),
  ),
  { maxLength: 5 },
);

/** A text that is not JSON, or is unusual JSON. */
export const oddBody: fc.Arbitrary<string | Uint8Array<ArrayBuffer>> = fc.oneof(
  anyText,
  fc.uint8Array({ maxLength: 64 }).map((bytes) => new Uint8Array(bytes)),
  fc.constantFrom(
    '\ufeff{"error":"invalid_grant"}',
    '{"error":"invalid_grant","error":"invalid_client"}',
    '{"access_token":"one","access_token":"two","token_type":"bearer"}',
    '{"__proto__":{"access_token":"fictional","token_type":"bearer"}}',
    '{"access_token":"fictional","token_type":"bearer","expires_in":1e999}',
    '<html>',
    '['.repeat(20_000),
    `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`,
    `{"access_token":"${'x'.repeat(20_000)}","token_type":"bearer"}`,
    `{"error":"${'x'.repeat(20_000)}","error_description":"${'\\u200b'.repeat(10_000)}"}`,
  ),
);
