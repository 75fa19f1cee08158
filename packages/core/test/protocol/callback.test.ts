import { describe, expect, it } from 'vitest';
import { AuthenticationError } from '../../src/kernel/errors.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import type { Callback } from '../../src/protocol/callback.js';
import { CLIENT_SECRET, clientOf } from './fictional-client.js';

const client = clientOf(adobeIms());

function codeOf({ outcome }: Callback): string {
  return outcome.ok ? outcome.code.reveal() : `refused: ${outcome.failure.code}`;
}

function failureOf(url: string) {
  const { outcome } = client.readCallback(url);
  return outcome.ok ? undefined : outcome.failure;
}

function refusalOf(url: string, reader = client): string {
  try {
    reader.readCallback(url);
  } catch (error) {
    expect(error).toBeInstanceOf(AuthenticationError);
    return (error as AuthenticationError).errorCode;
  }
  return 'nothing was refused';
}

describe('readCallback()', () => {
  it.each([
    'https://app.example.com/callback?code=abc&state=xyz',
    'https://app.example.com/callback?tenant=1&code=abc&state=xyz#top',
    'adobe+fictional://adobeid/fictional-client?code=abc&state=xyz',
    '/callback?code=abc&state=xyz',
    '?code=abc&state=xyz',
    'code=abc&state=xyz',
    new URL('https://app.example.com/callback?code=abc&state=xyz'),
  ])('finds the code and the state in %s (RFC 6749 §4.1.2)', (url) => {
    const callback = client.readCallback(url);
    expect(callback.state).toBe('xyz');
    expect(codeOf(callback)).toBe('abc');
  });

  it('reads values as they were before they were encoded', () => {
    const callback = client.readCallback('code=a%2Bb+c&state=x%3Dy?z');
    expect([codeOf(callback), callback.state]).toEqual(['a+b c', 'x=y?z']);
  });

  it('keeps the code from being printed', () => {
    expect(JSON.stringify(client.readCallback('code=canary&state=xyz'))).not.toContain('canary');
  });

  it.each(['https://app.example.com/callback', '/callback?state=xyz', '', 'hello', 'code=&state=xyz'])(
    'refuses what has neither a code nor an error: "%s"',
    (url) => {
      expect(refusalOf(url)).toBe('invalid_callback');
    },
  );

  it('refuses what has both a code and an error', () => {
    expect(refusalOf('?code=abc&state=xyz&error=access_denied')).toBe('invalid_callback');
  });

  it.each([
    '?code=abc&code=abc&state=xyz',
    '?code=abc&state=xyz&state=other',
    '?error=a&error=b&state=xyz',
    '?code=abc&state=xyz&iss=https%3A%2F%2Fims-na1.adobelogin.com&iss=',
  ])('refuses a parameter that comes twice: %s (RFC 6749 §3.1)', (url) => {
    expect(refusalOf(url)).toBe('invalid_callback');
  });

  it.each(['?code=abc', '?code=abc&state=', '?error=access_denied'])('refuses a callback without state: %s', (url) => {
    expect(refusalOf(url)).toBe('state_missing');
  });

  it.each(['access_denied', 'invalid_scope', 'unauthorized_client', 'server_error'])(
    'shows the error of a callback without state as what the browser claims: %s',
    (error) => {
      const description = encodeURIComponent(`The client ${CLIENT_SECRET} is unknown\r\n`);
      const read = () => client.readCallback(`?error=${error}&error_description=${description}`);
      expect(read).toThrow(AuthenticationError);
      expect(read).toThrow(
        `The browser claims that the server refused (${error}): "The client [secret] is unknown" If that is right`,
      );
    },
  );

  it('shows both issuers when they differ', () => {
    const read = () => client.readCallback('?code=abc&state=xyz&iss=https%3A%2F%2Flogin.elsewhere.example%2F%0A');
    expect(read).toThrow(
      'The callback names the issuer "https://login.elsewhere.example/", and this client\'s server is "https://ims-na1.adobelogin.com".',
    );
  });

  it('refuses the callback of another issuer (RFC 9207 §2.4)', () => {
    expect(refusalOf('?code=abc&state=xyz&iss=https%3A%2F%2Fevil.example.com')).toBe('issuer_mismatch');
    expect(refusalOf('?error=access_denied&state=xyz&iss=https%3A%2F%2Fevil.example.com')).toBe('issuer_mismatch');
    expect(refusalOf('?code=abc&state=xyz&iss=https%3A%2F%2Fims-na1.adobelogin.com%2F')).toBe('issuer_mismatch');
  });

  it('accepts the callback that names the right issuer', () => {
    expect(codeOf(client.readCallback('?code=abc&state=xyz&iss=https%3A%2F%2Fims-na1.adobelogin.com'))).toBe('abc');
  });

  it('misses the issuer only where the server always names it (RFC 9207 §2.3)', () => {
    const strict = clientOf({ ...adobeIms(), callbackCarriesIssuer: true });
    expect(refusalOf('?code=abc&state=xyz', strict)).toBe('issuer_missing');
    expect(refusalOf('?code=abc&state=xyz', client)).toBe('nothing was refused');
  });

  it('hands on the refusal of the user or the server as a failure, with its state (RFC 6749 §4.1.2.1)', () => {
    const callback = client.readCallback('?error=access_denied&error_description=The+user+said+no&state=xyz');
    expect(callback).toEqual({
      state: 'xyz',
      outcome: {
        ok: false,
        failure: { kind: 'terminal', source: 'server', code: 'access_denied', description: 'The user said no' },
      },
    });
  });

  it.each([
    ['login_required', 'terminal'],
    ['invalid_scope', 'configuration'],
    ['unauthorized_client', 'configuration'],
    ['unsupported_response_type', 'configuration'],
    ['server_error', 'transient'],
    ['temporarily_unavailable', 'transient'],
  ])('takes %s as %s', (error, kind) => {
    expect(failureOf(`?error=${error}&state=xyz`)).toMatchObject({ kind, code: error });
  });

  it('shortens and cleans what the server says', () => {
    const description = encodeURIComponent(`\u001b[31m${CLIENT_SECRET}\r\n\u202e${'long '.repeat(100)}`);
    const failure = failureOf(`?error=access_denied&error_description=${description}&state=xyz`);
    expect(failure?.description).toMatch(/^\[31m\[secret\] long long/);
    expect(failure?.description).toHaveLength(200);
  });
});
