import type { WebAppAuth } from '@frameio-auth/core';
import type { AuthorizationServer } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { signIn, startFleet } from './fleet.js';

const INSTANCES = 100;
const CALLERS = 100;

const each = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));

describe(`${INSTANCES} instances with ${CALLERS} callers each`, () => {
  it('make one request for an expired session, where a second one with the same refresh token would revoke it', async () => {
    const { server, webApp } = await startFleet({ server: { rotation: 'revoke-chain' } });
    const first = webApp();
    const old = await signIn(server, first);
    // Redis' time cannot be moved, so the record comes to hold a token that has expired.
    const { accessToken = '', refreshToken = null } = (await first.exportTokens()) ?? {};
    await first.importTokens({ accessToken, refreshToken, expiresAt: Date.now() / 1_000 - 60 });
    await first.close();
    const instances = each(INSTANCES, () => webApp());
    server.expireAccessTokens();

    const tokens = await Promise.all(instances.flatMap((auth) => each(CALLERS, () => auth.getToken())));
    expectOneRefresh(server, tokens, old);
    expect(instances.filter((auth) => !auth.isAuthenticated)).toHaveLength(0);
    await Promise.all(instances.map((auth) => auth.close()));
  });

  it('make one request when the API rejects the token that all of them have', async () => {
    const { server, webApp } = await startFleet({ server: { rotation: 'revoke-chain' } });
    const instances = each(INSTANCES, () => webApp());
    const old = await signIn(server, instances[0] as WebAppAuth);
    const shared = await Promise.all(instances.map((auth) => auth.getToken()));
    expect(new Set(shared).size).toBe(1);
    server.expireAccessTokens();

    const asking = instances.flatMap((auth) => each(CALLERS, () => auth.getToken({ rejected: old })));
    expectOneRefresh(server, await Promise.all(asking), old);
    await Promise.all(instances.map((auth) => auth.close()));
  });

  it('make one request for a service that starts cold', async () => {
    const { server, service } = await startFleet();
    const instances = each(INSTANCES, () => service());
    const tokens = await Promise.all(instances.flatMap((auth) => each(CALLERS, () => auth.getToken())));
    expect(server.count({ grantType: 'client_credentials' })).toBe(1);
    expect(new Set(tokens).size).toBe(1);
    await Promise.all(instances.map((auth) => auth.close()));
  });
});

function expectOneRefresh(server: AuthorizationServer, tokens: readonly string[], old: string): void {
  expect(server.count({ grantType: 'refresh_token' })).toBe(1);
  expect(tokens).toHaveLength(INSTANCES * CALLERS);
  const [token = '', ...others] = new Set(tokens);
  expect(others).toHaveLength(0);
  expect(token === old).toBe(false);
  expect(server.accessTokenIsLive(token)).toBe(true);
}
