import { customServer } from '@frameio-auth/core';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { fileStorage } from '@frameio-auth/storage-file';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { expect, it } from 'vitest';

/** Calls that TypeScript rejects, as a program without types makes them. */
const mistakes: readonly (readonly [mistake: string, call: () => unknown, advice: RegExp])[] = [
  ['fileStorage() a path', () => fileStorage('/srv/sessions' as never), /fileStorage\(\{ directory \}\)/],
  ['fileStorage() an option of another name', () => fileStorage({ dir: '/srv' } as never), /no option "dir"/],
  ['encryptedStorage() no options', () => encryptedStorage(memoryStorage(), undefined as never), /keys, current/],
  ['encryptedStorage() options alone', () => encryptedStorage({ keys: {} } as never, {} as never), /first argument/],
  [
    'encryptedStorage() a storage not made',
    () => encryptedStorage(memoryStorage as never, {} as never),
    /first argument/,
  ],
  ['customServer() nothing', () => customServer(undefined as never), /issuer, tokenEndpoint/],
  ['fetchTransport() a number', () => fetchTransport(5000 as never), /\{ timeout: 5_000 \}/],
  ['authenticatedFetch() a token', () => authenticatedFetch('access.fictional' as never), /getToken\(\)/],
  [
    'authenticatedFetch() an origin that is no array',
    () => authenticatedFetch({ getToken: async () => '' }, { allowedOrigins: 'https://api.frame.io' as never }),
    /must be an array/,
  ],
  [
    'startAuthorizationServer() another profile',
    () => startAuthorizationServer({ profile: 'adobe' as never }),
    /'adobe-ims'/,
  ],
  [
    'startAuthorizationServer() another rotation',
    () => startAuthorizationServer({ rotation: 'x' as never }),
    /'strict'/,
  ],
];

it.each(mistakes)('tells those who give %s what to give', async (_, call, advice) => {
  const error = await Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toMatchObject({ name: 'ConfigurationError', message: expect.stringMatching(advice) });
});
