import { describe, expect, it } from 'vitest';
import {
  AuthenticationError,
  ConfigurationError,
  errorOf,
  errorOfRejection,
  FrameioAuthError,
  ProtocolError,
  RateLimitError,
  StorageError,
  TokenExpiredError,
  TransportError,
  UserActionRequiredError,
} from '../../src/kernel/errors.js';
import type { Failure } from '../../src/kernel/failure.js';
import type { EndingCause } from '../../src/kernel/session-ending.js';

function failure(details: Partial<Failure> = {}): Failure {
  return { kind: 'terminal', source: 'server', code: 'SOME_CODE', description: 'What happened.', ...details };
}

const CLASSES: readonly (readonly [string, Partial<Failure>, object, object])[] = [
  ['storage', { source: 'storage', kind: 'transient' }, StorageError, { code: 'SOME_CODE', message: 'What happened.' }],
  [
    'the network, with what was sent',
    { source: 'transport', kind: 'transient', delivery: 'not_sent' },
    TransportError,
    { delivery: 'not_sent', message: 'What happened.' },
  ],
  ['the network, in doubt', { source: 'transport', kind: 'ambiguous' }, TransportError, { delivery: 'unknown' }],
  ['the session’s own configuration', { source: 'session', kind: 'configuration' }, ConfigurationError, {}],
  [
    'the session itself',
    { source: 'session' },
    AuthenticationError,
    { errorCode: 'SOME_CODE', errorDescription: 'What happened.' },
  ],
  [
    'a refused client',
    { kind: 'configuration', code: 'invalid_client' },
    ConfigurationError,
    { code: 'invalid_client', message: expect.stringContaining('(invalid_client): What happened.') },
  ],
  [
    'a refused credential',
    { status: 400, debugId: 'debug-7' },
    AuthenticationError,
    { errorCode: 'SOME_CODE', errorDescription: 'What happened.', status: 400, debugId: 'debug-7' },
  ],
  [
    'a user who must act',
    { userActionRequired: true, actionUrl: 'https://accounts.example/act' },
    UserActionRequiredError,
    {
      actionUrl: 'https://accounts.example/act',
      message: expect.stringContaining('must act at https://accounts.example/act before'),
    },
  ],
  [
    'a user who must act at an unknown address',
    { userActionRequired: true },
    UserActionRequiredError,
    { message: expect.stringContaining('must act before') },
  ],
  [
    'a server that wants to be left alone',
    { kind: 'transient', status: 429, retryAfter: 1500 },
    RateLimitError,
    { code: 'rate_limited', retryAfter: 2, message: expect.stringContaining('wait for 2 s') },
  ],
  [
    'the same, for an unknown time',
    { kind: 'transient', status: 429 },
    RateLimitError,
    { message: expect.stringContaining('wait for a while') },
  ],
  [
    'a server that fails',
    { kind: 'transient', code: 'http_503', status: 503, debugId: 'debug-7' },
    ProtocolError,
    { code: 'http_503', status: 503, debugId: 'debug-7' },
  ],
  ['an unreadable response', { kind: 'ambiguous', status: 200 }, ProtocolError, { status: 200 }],
];

describe('the error of a failure', () => {
  it.each(CLASSES)('of %s has its own class and fields', (_name, details, expected, fields) => {
    const error = errorOf(failure(details));
    expect(error.constructor).toBe(expected);
    expect(error).toMatchObject(fields);
    expect(error).toBeInstanceOf(FrameioAuthError);
    expect(error).toBeInstanceOf(Error);
  });

  it.each(CLASSES)('of %s is the same as JSON, has no cause, and says what it is in its stack', (_name, details) => {
    const error = errorOf(failure(details));
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: error.name,
      code: error.code,
      message: error.message,
    });
    expect(Object.keys(error)).not.toContain('stack');
    expect('cause' in error).toBe(false);
    expect(String(error)).toBe(`${error.name}: ${error.message}`);
  });

  it('has no field where nothing is known', () => {
    expect(Object.keys(errorOf(failure()))).not.toContain('status');
    expect(Object.keys(errorOf(failure({ kind: 'transient', status: 429 })))).not.toContain('retryAfter');
    expect(Object.keys(errorOf(failure({ userActionRequired: true })))).not.toContain('actionUrl');
  });
});

describe('the error of a rejection', () => {
  it('of a user who never signed in differs from the end of a session', () => {
    const never = errorOfRejection({ reason: 'not_authenticated' });
    expect(never).toMatchObject({ name: 'AuthenticationError', code: 'not_authenticated' });
    expect(never).not.toBeInstanceOf(TokenExpiredError);
    const revoked = errorOfRejection({ reason: 'revoked' });
    expect(revoked).toMatchObject({ name: 'TokenExpiredError', code: 'token_revoked' });
    for (const error of [never, revoked]) expect(error.message).toContain('getAuthorizationUrl()');
  });

  it.each<readonly [EndingCause, RegExp]>([
    ['refresh_token_rejected', /rejected the refresh token\. Sign in/],
    ['refresh_interrupted', /response to an earlier refresh was lost/],
    ['user_action_required', /requires an action of the user first/],
    ['access_token_expired', /expired, and there is no refresh token/],
    ['access_token_rejected', /API rejected the access token/],
  ])('of a session that ended by %s says so', (cause, sentence) => {
    const alone = errorOfRejection({ reason: 'ended', ending: { cause, failure: null } });
    expect(alone).toMatchObject({ name: 'TokenExpiredError', code: cause, message: expect.stringMatching(sentence) });
    const received = errorOfRejection({
      reason: 'ended',
      ending: { cause, failure: failure({ code: 'invalid_grant' }) },
    });
    expect(received).toMatchObject({
      name: 'TokenExpiredError',
      code: 'invalid_grant',
      errorDescription: 'What happened.',
      message: expect.stringMatching(sentence),
    });
  });

  it('of a session that ended because the user must act says where', () => {
    const ended = failure({ userActionRequired: true, actionUrl: 'https://accounts.example/act' });
    const error = errorOfRejection({ reason: 'ended', ending: { cause: 'user_action_required', failure: ended } });
    expect(error).toBeInstanceOf(UserActionRequiredError);
    expect(error).toMatchObject({ actionUrl: 'https://accounts.example/act' });
  });

  it('of a failure is the error of the failure', () => {
    expect(errorOfRejection({ reason: 'failed', failure: failure({ source: 'storage' }) })).toBeInstanceOf(
      StorageError,
    );
  });
});
