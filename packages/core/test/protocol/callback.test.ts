import { describe, expect, it } from 'vitest';
import { AuthenticationError, UserActionRequiredError } from '../../src/kernel/errors.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import type { Callback } from '../../src/protocol/callback.js';
import { CLIENT_SECRET, clientOf } from './fictional-client.js';

const client = clientOf(adobeIms());

function codeOf({ outcome }: Callback): string {
  return outcome.ok ? outcome.code.reveal() : `refused: ${outcome.error.code}`;
}

/** Returns the error that a callback claims. */
function claimOf(url: string, reader = client): AuthenticationError | undefined {
  const { outcome } = reader.readCallback(url);
  return outcome.ok ? undefined : outcome.error;
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

  it.each<readonly [string, (address: string) => string]>([
    ['a blank at its end', (address) => `${address} `],
    ['the line break of its program', (address) => `\r\n${address}\n`],
    ['quotes', (address) => ` "${address}"\n`],
    ['the quotes of a text', (address) => `“${address}”`],
    ['the brackets of a mail', (address) => `<${address}>`],
    ['both', (address) => `'<${address}>'`],
    ['invisible marks', (address) => `\ufeff${address}\u200b`],
    ['a line break in it', (address) => `${address.slice(0, 40)}\n${address.slice(40, -3)}\r\n   ${address.slice(-3)}`],
  ])('reads an address that was pasted with %s', (_name, pasted) => {
    const callback = client.readCallback(pasted('https://app.example.com/callback?code=ab%22c&state=x%0Ayz%20'));
    expect([codeOf(callback), callback.state]).toEqual(['ab"c', 'x\nyz ']);
  });

  it('leaves a quote that has no other half', () => {
    expect(client.readCallback("?state=xyz&code=ab'")).toMatchObject({ state: 'xyz' });
    expect(codeOf(client.readCallback("?state=xyz&code=ab'"))).toBe("ab'");
  });

  it('reads values as they were before they were encoded', () => {
    const callback = client.readCallback('code=a%2Bb+c&state=x%3Dy?z');
    expect([codeOf(callback), callback.state]).toEqual(['a+b c', 'x=y?z']);
  });

  it('keeps the code from being printed', () => {
    expect(JSON.stringify(client.readCallback('code=canary&state=xyz'))).not.toContain('canary');
  });

  it.each(['https://app.example.com/callback', '/callback?state=xyz', '', 'hello', 'code=&state=xyz'])(
    'rejects what has neither a code nor an error: "%s"',
    (url) => {
      expect(refusalOf(url)).toBe('invalid_callback');
    },
  );

  it('rejects what has both a code and an error', () => {
    expect(refusalOf('?code=abc&state=xyz&error=access_denied')).toBe('invalid_callback');
  });

  it.each([
    '?code=abc&code=abc&state=xyz',
    '?code=abc&state=xyz&state=other',
    '?error=a&error=b&state=xyz',
    '?code=abc&state=xyz&iss=https%3A%2F%2Fims-na1.adobelogin.com&iss=',
  ])('rejects a parameter that comes twice: %s (RFC 6749 §3.1)', (url) => {
    expect(refusalOf(url)).toBe('invalid_callback');
  });

  it.each(['?code=abc', '?code=abc&state=', '?error=access_denied'])('rejects a callback without state: %s', (url) => {
    expect(refusalOf(url)).toBe('state_missing');
  });

  it.each(['access_denied', 'invalid_scope', 'unauthorized_client', 'server_error'])(
    'shows the error of a callback without state as what the browser claims: %s',
    (error) => {
      const description = encodeURIComponent(`The client ${CLIENT_SECRET} is unknown\r\n`);
      const read = () => client.readCallback(`?error=${error}&error_description=${description}`);
      expect(read).toThrow(AuthenticationError);
      expect(read).toThrow(
        `The browser claims that the server refused the sign-in (${error}): "The client [secret] is unknown." If that is right: `,
      );
    },
  );

  it('shows both issuers when they differ', () => {
    const read = () => client.readCallback('?code=abc&state=xyz&iss=https%3A%2F%2Flogin.elsewhere.example%2F%0A');
    expect(read).toThrow(
      'The callback names the issuer "https://login.elsewhere.example/", and this client\'s server is "https://ims-na1.adobelogin.com".',
    );
  });

  it('rejects the callback of another issuer (RFC 9207 §2.4)', () => {
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

  it.each([
    ['access_denied', 'Start the sign-in again.'],
    ['login_required', 'Start the sign-in again.'],
    ['constructor', 'Start the sign-in again.'],
    ['__proto__', 'Start the sign-in again.'],
    ['invalid_client', 'Check clientId and clientSecret'],
    ['invalid_scope', 'Check scopes'],
    ['unauthorized_client', 'Check whether the kind of the credential'],
    ['server_error', 'Start the sign-in again in a few minutes.'],
  ])(
    'takes %s for what the browser claims, whatever it says of the application (RFC 6749 §4.1.2.1)',
    (word, advice) => {
      const url = `?error=${word}&error_description=The+user+said+no&state=xyz`;
      expect(client.readCallback(url).state).toBe('xyz');
      const claim = claimOf(url);
      expect(claim?.constructor).toBe(AuthenticationError);
      expect(claim).toMatchObject({ code: word, errorCode: word, errorDescription: 'The user said no' });
      expect(claim?.message).toContain(
        `The browser claims that the server refused the sign-in (${word}): "The user said no." If that is right: ${advice}`,
      );
    },
  );

  it('ends what is quoted with one full stop, whether it has one or not', () => {
    for (const said of ['No', 'No.', 'No!']) {
      expect(claimOf(`?error=access_denied&error_description=${said}&state=xyz`)?.message).toMatch(/"No[.!]" If/);
    }
  });

  it('says that the user must act, and never uses an address from a browser', () => {
    const claim = claimOf('?error=ride_AdobeID_acct_actreq&jump=https%3A%2F%2Fevil.example%2F&state=xyz');
    expect(claim).toBeInstanceOf(UserActionRequiredError);
    expect(claim).not.toHaveProperty('actionUrl');
    expect(claim?.message).not.toContain('evil');
  });

  it('shortens and cleans what the server says', () => {
    const description = encodeURIComponent(`\u001b[31m${CLIENT_SECRET}\r\n\u202e${'long '.repeat(100)}`);
    const claim = claimOf(`?error=access_denied&error_description=${description}&state=xyz`);
    expect(claim?.errorDescription).toMatch(/^\[31m\[secret\] long long/);
    expect(claim?.errorDescription).toHaveLength(200);
  });
});
