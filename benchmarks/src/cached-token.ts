import { memoize } from '@smithy/core/config';
import { OAuth2Client } from 'google-auth-library';
import { fictionalAuth } from './fictional-auth.ts';
import { compare, compareSync } from './table.ts';

const DAY = 86_400_000;

/** Measures a valid token in memory. The floor is a function that returns a field without checking it. */
export async function cachedToken(): Promise<void> {
  const auth = fictionalAuth();
  await auth.getToken();

  const held = { token: 'access.fictional.benchmark', expiresAt: Date.now() + DAY };
  const bare = async () => held.token;
  const checked = async () => {
    if (Date.now() >= held.expiresAt) throw new Error('expired');
    return held.token;
  };

  const google = new OAuth2Client({ clientId: 'benchmark.fictional' });
  google.setCredentials({ access_token: held.token, expiry_date: held.expiresAt });

  const credentials = { token: held.token, expiration: new Date(held.expiresAt) };
  const aws = memoize(
    async () => credentials,
    ({ expiration }) => expiration.getTime() - Date.now() < 300_000,
    ({ expiration }) => expiration !== undefined,
  );
  await aws();

  await compare('A cached token, awaited', [
    ['bare async function that returns a field', bare],
    ['bare async function that compares Date.now() first', checked],
    ['@frameio-auth/core getToken()', auth.getToken],
    ['google-auth-library getAccessToken()', () => google.getAccessToken()],
    ['AWS memoize() of @smithy/core', () => aws()],
  ]);
  await compareSync('A cached token, without waiting', [
    ['function that returns a field', () => held.token],
    ['function that compares Date.now() first', () => (Date.now() < held.expiresAt ? held.token : undefined)],
    ['@frameio-auth/core peekToken()', auth.peekToken],
  ]);
  await auth.close();
}
