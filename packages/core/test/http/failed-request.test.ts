import { describe, expect, it } from 'vitest';
import { requestFailure } from '../../src/http/failed-request.js';
import { TransportError } from '../../src/kernel/errors.js';
import { LIMITS, redactor } from '../../src/kernel/redaction.js';
import { sendRequest } from '../../src/protocol/send-request.js';

const HOST = 'auth.example.com';
const URL_OF_TOKENS = 'https://auth.example.com/token';

/** Deno's errors have no code. */
const deno = (text: string) => new TypeError(text);
const sending = `error sending request for url (${URL_OF_TOKENS})`;

describe('a request without a response under Deno', () => {
  it.each([
    [
      'refused',
      `${sending}: client error (Connect): tcp connect error: Connection refused (os error 111)`,
      'No connection',
    ],
    ['refused on Windows', `${sending}: client error (Connect): tcp connect error: (os error 10061)`, 'No connection'],
    [
      'refused, by an older one',
      `${sending}: error trying to connect: tcp connect error: (os error 61)`,
      'No connection',
    ],
    ['refused, by one that says little', 'client error (Connect)', 'No connection'],
    [
      'to a host that is none',
      `${sending}: client error (Connect): dns error: failed to lookup address information: not known`,
      'could not be resolved',
    ],
    [
      'to a stranger',
      `${sending}: client error (Connect): invalid peer certificate: UnknownIssuer`,
      'The certificate of auth.example.com',
    ],
  ])('was not sent when the connection is %s', (_, text, says) => {
    const failure = requestFailure(deno(text), HOST);
    expect(failure).toMatchObject({ delivery: 'not_sent', code: 'request_failed' });
    expect(failure.message).toContain(says);
    expect(failure.message).not.toContain('/token');
    // Since Deno 2.9, `fetch` wraps the error, as in Node.
    const wrapped = new TypeError('fetch failed', { cause: new Error(text) });
    expect(requestFailure(wrapped, HOST)).toEqual(failure);
  });

  it.each([
    `error sending request from 127.0.0.1:50472 for ${URL_OF_TOKENS} (127.0.0.1:443): client error (SendRequest): connection error: Connection reset by peer (os error 104)`,
    `${sending}: client error (SendRequest): connection closed before message completed`,
    `${sending}: client error (SendRequest): client error (Connect): in another library's words`,
    `error sending request for url (https://auth.example.com/ client error (Connect)`,
    'fetch failed',
    'Load failed',
    'client error (Connector)',
    '',
  ])('may have been sent when it says "%s"', (text) => {
    expect(requestFailure(deno(text), HOST).delivery).toBe('unknown');
    expect(requestFailure(new TypeError('fetch failed', { cause: new Error(text) }), HOST).delivery).toBe('unknown');
  });

  it.each([undefined, null, 'client error (Connect)', 42, { message: 42 }, Object.create(null)])(
    'may have been sent when the error is %s',
    (error) => expect(requestFailure(error, HOST).delivery).toBe('unknown'),
  );

  it('is judged by the code where there is one', () => {
    const error = Object.assign(new TypeError('client error (Connect)'), { cause: { code: 'ECONNRESET' } });
    expect(requestFailure(error, HOST)).toMatchObject({ delivery: 'unknown', code: 'ECONNRESET' });
  });
});

/** Returns the description that a session gives to a transport's failure. */
async function describedAs(failure: TransportError, secrets: readonly string[] = []): Promise<string> {
  const outcome = await sendRequest(
    () => Promise.reject(failure),
    'https://auth.example.com',
    redactor(secrets),
    async (options) => {
      for (const key of Object.getOwnPropertySymbols(options)) {
        const fetch = (options as Record<symbol, unknown>)[key];
        if (typeof fetch === 'function')
          return fetch('https://auth.example.com', { method: 'POST', headers: {}, body: '' });
      }
    },
  );
  return 'failure' in outcome ? outcome.failure.description : '';
}

describe('advice', () => {
  const LONG = `${'long-name.'.repeat(40)}example.com`;

  it.each([
    ['a certificate', 'CERT_HAS_EXPIRED', 'NODE_EXTRA_CA_CERTS.'],
    ['the longest code of a certificate', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'NODE_EXTRA_CA_CERTS.'],
    ['a lookup', 'ENOTFOUND', 'the DNS.'],
    ['a connection', 'ECONNREFUSED', 'in the way.'],
  ])('about %s reaches the caller whole, however long the name of the host is', async (_, code, ending) => {
    for (const host of [HOST, LONG]) {
      const failure = requestFailure(Object.assign(new Error(), { code }), host);
      const description = await describedAs(failure);
      expect(failure.message.endsWith(ending)).toBe(true);
      expect(description.endsWith(` ${failure.advice}`)).toBe(true);
    }
    const failure = requestFailure(Object.assign(new Error(), { code }), HOST);
    expect(await describedAs(failure)).toBe(failure.message);
  });

  it('of any transport is shown whole, and only what happened is cut', async () => {
    const advice = 'Ask the administrator of the proxy. '.repeat(20).trim();
    const failure = new TransportError('ODD', 'quoted '.repeat(100).trim(), { delivery: 'unknown', advice });
    const description = await describedAs(failure);
    expect(description.endsWith(` ${advice}`)).toBe(true);
    expect(description.length).toBeLessThanOrEqual(LIMITS.sentence + 1 + advice.length);
  });

  it('shows no secret either', async () => {
    const failure = new TransportError('ODD', 'It failed.', {
      delivery: 'unknown',
      advice: 'Do not use fictional-secret.',
    });
    expect(await describedAs(failure, ['fictional-secret'])).toBe('It failed. Do not use [secret].');
  });

  it('that is not what the message ends with is not taken for the transport’s own', async () => {
    const failure = new TransportError('ODD', 'quoted '.repeat(100).trim(), { delivery: 'unknown', advice: 'Wait.' });
    Object.assign(failure, { advice: 'quoted '.repeat(1_000) });
    expect((await describedAs(failure)).length).toBeLessThanOrEqual(LIMITS.sentence);
  });
});
