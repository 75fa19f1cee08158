import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { adobeIms, type Inspect, WebAppAuth } from '@frameio-auth/core';
import { fault, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';

/** Values that must not be visible, by their origin. Each is planted there in {@link emitSessionEvents}. */
export const canaries = {
  sessionKey: 'canary-in-a-key@studio.example',
  scope: 'canary_in_a_scope',
  state: 'canary-in-a-state-0123456789',
  redirectUri: 'https://review-portal.example/canary-in-a-redirect',
  errorCode: 'canary_in_an_error_code',
  errorDescription: 'canary in an error description',
  debugId: 'canary-in-a-debug-id',
  clientSecret: 'client-secret.fictional.canary',
} as const;

export type Inspected = Parameters<Extract<Inspect, (event: never) => unknown>>[0];

/**
 * Runs the life of a user's session on a server like Adobe's: signed in, refreshed, kept waiting, rejected permanently,
 * signed in again and revoked.
 *
 * @returns the secrets that were used
 */
export async function emitSessionEvents(inspect: (event: Inspected) => void): Promise<readonly string[]> {
  const clock = manualClock();
  const client = {
    clientId: 'review-portal.fictional',
    clientSecret: canaries.clientSecret,
    redirectUri: canaries.redirectUri,
    scopes: ['openid', 'offline_access', canaries.scope],
  };
  await using server = await startAuthorizationServer({
    clock,
    clients: [{ ...client, redirectUris: [client.redirectUri] }],
  });
  const auth = new WebAppAuth({
    ...client,
    server: adobeIms({ origin: server.origin }),
    transport: fetchTransport(),
    clock,
    inspect,
  });
  const session = auth.session(canaries.sessionKey);
  const verifiers: string[] = [];
  const codes: string[] = [];
  const signIn = async () => {
    const { url, codeVerifier } = await session.getAuthorizationUrl({ state: `${canaries.state}-${codes.length}` });
    const callback = await server.signIn(url);
    verifiers.push(codeVerifier);
    codes.push(new URL(callback).searchParams.get('code') as string);
    await session.handleCallback(callback);
  };

  await signIn();
  await session.refresh();
  server.faults.next('token', () => ({
    status: 500,
    headers: { 'content-type': 'application/json', 'x-debug-id': canaries.debugId },
    body: JSON.stringify({ error: canaries.errorCode, error_description: canaries.errorDescription }),
  }));
  const renewal = session.refresh();
  await server.waitFor({ status: 500 });
  while (session.snapshot.retryAt === null) await turnOfTheEventLoop();
  await clock.advanceTo(session.snapshot.retryAt);
  await renewal;
  server.faults.next('token', fault.error('invalid_grant', { description: canaries.errorDescription }));
  await session.refresh().catch(() => {});
  await signIn();
  await session.revoke();
  await auth.close();
  return [...server.secrets(), ...verifiers, ...codes, ...Object.values(canaries)];
}
