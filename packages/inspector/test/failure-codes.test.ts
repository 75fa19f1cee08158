import { knownErrorCodes } from '@frameio-auth/core/machine';
import { describe, expect, it } from 'vitest';
import { publicFailureCode } from '../src/failure-codes.js';

describe('the code of a failure', () => {
  it('is shown for every error that has an entry on the error page', () => {
    expect([...knownErrorCodes].filter((code) => publicFailureCode(code) !== code)).toEqual([]);
    expect([...knownErrorCodes]).toEqual(
      expect.arrayContaining(['storage_timeout', 'state_used', 'invalid_grant', 'CROSSSLOT', 'ECONNREFUSED']),
    );
  });

  it.each(['unsupported_response_type', 'insufficient_scope', 'unsupported_token_type', 'ride_AdobeID_acct_actreq'])(
    'is shown for an error of a standard or of Adobe: %s',
    (code) => expect(publicFailureCode(code)).toBe(code),
  );

  it.each(['EADDRINUSE', 'CERT_REVOKED', 'http_418'])('is shown for a code of the platform: %s', (code) =>
    expect(publicFailureCode(code)).toBe(code),
  );

  it.each(['', 'constructor', 'toString', 'mara@studio.example', 'http_999', 'invalid_grant '])(
    'is hidden if a server or a storage made it up: %j',
    (code) => expect(publicFailureCode(code)).toBe('other'),
  );

  it('is missing if it is no text', () => {
    expect(publicFailureCode({ toString: () => 'invalid_grant' })).toBeUndefined();
  });
});
