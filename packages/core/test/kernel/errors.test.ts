import * as core from '@frameio-auth/core';
import { describe, expect, it } from 'vitest';

/** A second copy of the package's errors, as a package manager installs it when versions differ. */
const copy: typeof import('../../src/kernel/errors.js') = await import(
  /* @vite-ignore */ `${'../../src/kernel/errors.js'}?another-copy`
);

const details = { errorDescription: 'No user is signed in.' };

const ERRORS = [
  ['ConfigurationError', new copy.ConfigurationError('invalid_option', 'No.'), []],
  ['AuthenticationError', new copy.AuthenticationError('not_authenticated', 'No.', details), []],
  ['TokenExpiredError', new copy.TokenExpiredError('token_revoked', 'No.', details), ['AuthenticationError']],
  [
    'UserActionRequiredError',
    new copy.UserActionRequiredError('user_action_required', 'No.', details),
    ['AuthenticationError'],
  ],
  ['TransportError', new copy.TransportError('ECONNREFUSED', 'No.', { delivery: 'not_sent' }), []],
  ['RateLimitError', new copy.RateLimitError('No.', { retryAfter: 3 }), []],
  ['ProtocolError', new copy.ProtocolError('invalid_response', 'No.'), []],
  ['StorageError', new copy.StorageError('ENOSPC', 'No.', { version: 7 }), []],
] as const;

type ErrorClass = abstract new (...args: never[]) => Error;

const classes: Readonly<Record<string, ErrorClass>> = Object.fromEntries(
  Object.entries(core).filter(
    (entry): entry is [string, typeof core.FrameioAuthError] =>
      typeof entry[1] === 'function' && (entry[1] === core.FrameioAuthError || isDerived(entry[1])),
  ),
);

function isDerived(value: object): boolean {
  return Object.prototype.isPrototypeOf.call(core.FrameioAuthError, value);
}

describe('an error of another copy of the package', () => {
  it('is of another class, as far as JavaScript goes', () => {
    expect(copy.StorageError).not.toBe(core.StorageError);
  });

  it('is tried for every class of errors that the package exports', () => {
    expect(ERRORS.map(([name]) => name).sort()).toEqual(
      Object.keys(classes)
        .filter((name) => name !== 'FrameioAuthError')
        .sort(),
    );
  });

  it.each(ERRORS)('is a %s for `instanceof`, and of no class beside', (name, error, parents) => {
    const recognised = Object.keys(classes).filter((other) => error instanceof (classes[other] as ErrorClass));

    expect(recognised.sort()).toEqual(['FrameioAuthError', name, ...parents].sort());
  });

  it('is recognised when an application derived its class', () => {
    class QuotaError extends copy.StorageError {}

    expect(new QuotaError('QUOTA', 'No.')).toBeInstanceOf(core.StorageError);
    expect(new QuotaError('QUOTA', 'No.')).not.toBeInstanceOf(core.TransportError);
  });

  it('is an Error for the platform, and its plain data shows no more than before', () => {
    const error = new copy.StorageError('ENOSPC', 'No.', { version: 7 });

    expect(error).toBeInstanceOf(Error);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'ENOSPC',
      version: 7,
      name: 'StorageError',
      message: 'No.',
      help: '@frameio-auth/core/errors.md#enospc',
    });
  });
});

describe('a class that an application derives from one of ours', () => {
  class QuotaError extends core.StorageError {}

  it('recognises its own instances alone', () => {
    expect(new QuotaError('QUOTA', 'No.')).toBeInstanceOf(QuotaError);
    expect(new core.StorageError('ENOSPC', 'No.')).not.toBeInstanceOf(QuotaError);
    expect(new copy.StorageError('ENOSPC', 'No.')).not.toBeInstanceOf(QuotaError);
  });
});

describe('`instanceof`', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'StorageError'],
    ['an Error of the platform', new Error('No.')],
    [
      'what a server could send',
      JSON.parse('{"name":"StorageError","code":"ENOSPC","Symbol(@frameio-auth/core)":"StorageError"}'),
    ],
    ['an object without a prototype', Object.create(null)],
  ])('takes %s for none of our errors', (_what, value) => {
    expect(Object.values(classes).filter((known) => value instanceof known)).toEqual([]);
  });
});
