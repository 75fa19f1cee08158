import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../../src/kernel/errors.js';
import type { Failure } from '../../src/kernel/failure.js';
import { LIMITS, redactor } from '../../src/kernel/redaction.js';
import { retryAfterOf } from '../../src/kernel/retry-after.js';
import { Secret } from '../../src/kernel/secret.js';
import type { AuthorizationClient } from '../../src/protocol/authorization-client.js';
import { basicCredentials } from '../../src/protocol/client-authentication.js';
import type { ServerProfile } from '../../src/protocol/server-profile.js';
import { anyJson, anyText, exposed, isDocumented, runs } from '../fuzzing.js';
import { CLIENT_ID, clientOf, codeExchange, NOW, refresh } from './fictional-client.js';
import { answering, anyHeaders, anyProfile, anyStatus, oddBody } from './fuzzing.js';

/** A secret with all characters that encodings change, and similar everywhere, so that any part of it can be found. */
const anySecret = fc
  .array(fc.constantFrom('canary', 'canary', '/', '+', '=', '&', ' ', '"', '\\', '%', '-', '~', '<', 'u002f', '%2F'), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => `canary-${parts.join('')}-canary`);

const percent = (text: string) =>
  [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

/** The ways in which a server may repeat what it received. */
const echoes: Readonly<Record<string, (secret: string) => string>> = {
  'in clear': (secret) => secret,
  'as a component of an address': (secret) => encodeURIComponent(secret),
  'as a form has it': (secret) => new URLSearchParams([['', secret]]).toString().slice(1),
  'as an address in lower case': (secret) => encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase()),
  'with every byte encoded': percent,
  'in base64': (secret) => btoa(secret),
  'in base64url': (secret) => btoa(secret).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
  'as the credentials of HTTP Basic': (secret) => basicCredentials(CLIENT_ID, new Secret(secret)),
  'as JSON within JSON': (secret) => JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
  'as JSON that is all escapes': (secret) =>
    secret.replace(/[^a-z]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'in lines': (secret) => secret.replace(/.{7}/g, '$&\r\n'),
  'with characters that cannot be seen': (secret) => [...secret].join('\u200b'),
};

/** Returns whether a text reveals a secret. */
function leaks(text: string, secret: string): boolean {
  const readable = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, '').toLowerCase();
  const forms = Object.values(echoes).map((echo) =>
    echo(secret)
      .replace(/[\s\p{Cc}\p{Cf}]+/gu, '')
      .toLowerCase(),
  );
  // Twelve letters in a row are no coincidence. The client ID is not a secret, not even in the credentials.
  const beginning = btoa(`${CLIENT_ID}:`).toLowerCase().slice(0, -4);
  return forms.some((form) => {
    const start = form.startsWith(beginning) ? beginning.length : 0;
    for (let at = start; at + 12 <= form.length; at += 1) if (readable.includes(form.slice(at, at + 12))) return true;
    return false;
  });
}

type Kind = 'client_credentials' | 'authorization_code' | 'refresh_token' | 'revocation';

interface Confidences {
  readonly clientSecret: string;
  readonly token: string;
  readonly code: string;
  readonly verifier: string;
}

/** Returns the failure of a request that a server rejects; `undefined` if it is not a failure. */
async function failureOf(client: AuthorizationClient, kind: Kind, received: Confidences): Promise<Failure | undefined> {
  switch (kind) {
    case 'client_credentials': {
      const reply = await client.clientCredentials({ scopes: [] });
      return reply.ok ? undefined : reply.failure;
    }
    case 'authorization_code': {
      const [code, codeVerifier] = [new Secret(received.code), new Secret(received.verifier)];
      const reply = await client.exchangeCode({ ...codeExchange, code, codeVerifier });
      return reply.ok ? undefined : reply.failure;
    }
    case 'refresh_token': {
      const reply = await client.refresh({ ...refresh, refreshToken: new Secret(received.token) });
      return reply.ok ? undefined : reply.failure;
    }
    case 'revocation': {
      const reply = await client.revoke({ token: new Secret(received.token), hint: 'refresh_token' });
      return reply.revoked ? undefined : reply.failure;
    }
  }
}

function offers(profile: ServerProfile, kind: Kind): boolean {
  if (kind === 'client_credentials') return profile.clientCredentialsAuthentication !== undefined;
  return kind !== 'revocation' || profile.revocationEndpoint !== undefined;
}

const kinds: readonly Kind[] = ['client_credentials', 'authorization_code', 'refresh_token', 'revocation'];

const anyWord = fc.oneof(
  fc.constantFrom('invalid_grant', 'invalid_client', 'invalid_scope', 'server_error', 'temporarily_unavailable'),
  fc.constantFrom('session_gone', 'come_back', 'wrong_app', 'ride_AdobeID_acct_actreq', 'act_now', 'ride_', 'toString'),
  anyText,
);

const anyRefusal = fc
  .record(
    {
      error: fc.oneof({ weight: 3, arbitrary: anyWord }, anyJson),
      error_description: fc.oneof(fc.constant('invalid client_secret parameter'), anyText, anyJson),
      jump: fc.oneof(
        fc.webUrl({ withQueryParameters: true }),
        fc.constantFrom('javascript:alert(1)', 'https://u:p@h'),
        anyJson,
      ),
      where: fc.oneof(fc.webUrl(), anyJson),
    },
    { requiredKeys: [] },
  )
  .map((members) => JSON.stringify(members));

const TOLD: Confidences = { clientSecret: 'canary-s', token: 'canary-t', code: 'canary-c', verifier: 'v'.repeat(43) };

describe('an error response of any kind', () => {
  it('is a failure of one of four kinds, plain, short, and fit to be shown (RFC 6749 §5.2)', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyProfile,
        fc.constantFrom(...kinds),
        anyStatus.filter((status) => status >= 300),
        anyHeaders,
        fc.oneof({ weight: 4, arbitrary: anyRefusal }, oddBody),
        async (profile, kind, status, headers, body) => {
          if (!offers(profile, kind)) return;
          const client = clientOf(profile, { transport: answering({ status, headers, body }) });
          const failure = (await failureOf(client, kind, TOLD)) as Failure;
          expect(['terminal', 'transient', 'ambiguous', 'configuration']).toContain(failure.kind);
          expect(JSON.parse(JSON.stringify(failure))).toEqual(failure);
          // Anything that does not reject the credential keeps it, unless the profile knows the `error`.
          if (status === 429 || (status >= 300 && status < 400)) expect(failure.kind).toBe('transient');
          if (status >= 500 && failure.kind === 'terminal') {
            const { errorKinds, userAction } = profile;
            const isKnown = Object.hasOwn(errorKinds, failure.code) || failure.userActionRequired === true;
            expect({ isKnown, userAction, code: failure.code }).toMatchObject({ isKnown: true });
          }
          const { code, description, debugId = '-', actionUrl } = failure;
          for (const [text, limit] of [
            [code, LIMITS.word],
            [description, LIMITS.sentence],
            [debugId, LIMITS.word],
          ] as const) {
            expect(text.length).toBeGreaterThan(0);
            expect(text.length).toBeLessThanOrEqual(limit);
            expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
            expect(text).not.toMatch(/\p{Surrogate}/u);
          }
          if (actionUrl !== undefined) expect(actionUrl).toMatch(/^https:|^http:\/\/(?:localhost|127\.|\[::1\])/);
          expect(isDocumented(errorOf(failure))).toBe(true);
        },
      ),
      runs(150),
    );
  });

  it('does not show what it repeats of the request, in whatever form', async () => {
    const anyPlace = fc.constantFrom('error', 'error_description', 'jump', 'where', 'header', 'path', 'host');
    await fc.assert(
      fc.asyncProperty(
        anyProfile,
        fc.constantFrom(...kinds),
        fc.record({ clientSecret: anySecret, token: anySecret, code: anySecret, verifier: anySecret }),
        fc.constantFrom('clientSecret', 'token', 'code', 'verifier' as const),
        fc.constantFrom(...Object.keys(echoes)),
        fc.array(anyPlace, { minLength: 1, maxLength: 3 }),
        fc.tuple(fc.nat({ max: 220 }), anyText),
        fc.constantFrom(400, 401, 403, 429, 500),
        async (profile, kind, received, which, form, places, [padding, after], status) => {
          if (!offers(profile, kind)) return;
          const isReported = { client_credentials: [], authorization_code: ['code', 'verifier'] }[kind as string] ?? [
            'token',
          ];
          if (which !== 'clientSecret' && !isReported.includes(which)) return;
          // Only clients have credentials.
          if (form === 'as the credentials of HTTP Basic' && which !== 'clientSecret') return;
          const secret = received[which as keyof Confidences];
          const echo = `${'.'.repeat(padding)}${echoes[form]?.(secret)}${after}`;
          const prefix = profile.userAction?.errorPrefix ?? '';
          const body = JSON.stringify({
            error: places.includes('error') ? `${prefix}${echo}` : `${prefix}word`,
            ...(places.includes('error_description') && { error_description: echo }),
            jump: address(places, echo),
            where: address(places, echo),
          });
          const inHeader = echo.replace(/[^\x20-\x7e]/g, '').trim();
          const headers = places.includes('header')
            ? (['x-debug-id', 'x-request-id', 'retry-after'] as const).map((name) => [name, inHeader] as const)
            : [];
          const client = clientOf(profile, {
            transport: answering({ status, headers, body }),
            clientSecrets: [new Secret(received.clientSecret)],
          });
          const failure = (await failureOf(client, kind, received)) as Failure;
          const shown = [failure.code, failure.description, failure.actionUrl, failure.debugId].join(' \n ');
          expect({ shown, leaks: leaks(shown, secret) || leaks(exposed(errorOf(failure)), secret) }).toEqual({
            shown,
            leaks: false,
          });
        },
      ),
      runs(250),
    );
  });
});

function address(places: readonly string[], echo: string): string {
  if (places.includes('host')) return `https://${echo}.example.com/`;
  if (places.includes('path')) return `https://example.com/${echo}`;
  return `https://example.com/?at=${echo}#${echo}`;
}

describe('the redactor', () => {
  it('leaves text without secrets as it is, but for what cannot be seen and what is too long', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string(), { maxLength: 3 }), (text, secrets) => {
        const isClean = secrets.every((secret) => secret === '' || !text.includes(secret));
        fc.pre(isClean && secrets.every((secret) => secret.length > 12));
        expect(redactor(secrets)(text, 1_000)).toBe(text.trim());
      }),
      runs(100),
    );
  });

  // If it read all of the text again for each position in it, the test would take hours.
  it('reads no more of a text of megabytes than it shows', () => {
    const secret = `${'\\'.repeat(40)}${'u002f'.repeat(40)}${'%25'.repeat(40)} ${' '.repeat(40)}end`;
    const texts = ['\\', ' ', 'u002f', '%25', '%', '\\u0075002f', 'a\n'].map((text) => text.repeat(2 ** 18));
    for (const text of texts) redactor([secret, 'a'.repeat(2_000)])(text, LIMITS.sentence);
  });
});

describe('Retry-After', () => {
  it('is a number of milliseconds from 0 to 2^31 s, or none, whatever it says (RFC 9110 §10.2.3)', () => {
    fc.assert(
      fc.property(anyHeaders, fc.oneof(fc.constant(NOW), fc.nat(), fc.maxSafeInteger()), (headers, now) => {
        const wait = retryAfterOf(new Headers(headers.map(([name, value]) => [name, value])), now);
        expect(wait === undefined || (wait >= 0 && wait <= 2 ** 31 * 1000)).toBe(true);
      }),
      runs(150),
    );
  });

  it('is as long in each form of a date (RFC 9110 §5.6.7)', () => {
    const seconds = fc.date({ min: new Date(0), max: new Date('2068-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(seconds, fc.nat({ max: 86_400 }), (date, wait) => {
        const until = new Date(Math.floor(date.getTime() / 1000) * 1000 + wait * 1000);
        const from = Math.floor(date.getTime() / 1000) * 1000;
        const [, day = '', month = '', year = '', time = ''] =
          /, (\d\d) (\w+) (\d+) ([\d:]+)/.exec(until.toUTCString()) ?? [];
        const weekday = until.toUTCString().slice(0, 3);
        for (const form of [until.toUTCString(), `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`]) {
          expect(retryAfterOf(new Headers({ 'retry-after': form }), from)).toBe(wait * 1000);
        }
        expect(retryAfterOf(new Headers({ 'retry-after': String(wait) }), from)).toBe(wait * 1000);
      }),
      runs(100),
    );
  });
});
