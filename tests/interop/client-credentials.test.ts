import { ConfigurationError, ServerToServerAuth } from '@frameio-auth/core';
import { manualClock } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { describe, expect, it } from 'vitest';
import { applications, startProvider } from './provider.js';
import { rejectionOf } from './rejection.js';

const { service } = applications;
const scopes = ['dailies.read'];

describe('a service at oidc-provider', () => {
  it('gets a token by its own credentials, and another one when it has expired (RFC 6749 §4.4)', async () => {
    const provider = await startProvider();
    const clock = manualClock();
    const server = provider.profile('client_secret_basic');
    await using auth = new ServerToServerAuth({ ...service, scopes, server, transport: fetchTransport(), clock });

    const tokens = await Promise.all(Array.from({ length: 50 }, () => auth.getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(await provider.isActive(tokens[0] as string)).toBe(true);
    expect(auth.snapshot).toMatchObject({ state: 'valid', refreshable: false, scopes });

    clock.setNow(auth.snapshot.expiresAt as number);
    const next = await auth.getToken();
    expect(next).not.toBe(tokens[0]);
    expect(await provider.isActive(next)).toBe(true);
    expect(provider.count('granted', 'client_credentials')).toBe(2);
  });

  it('gives its token up, and asks for another one when it needs it (RFC 7009 §2.1)', async () => {
    const provider = await startProvider();
    const server = provider.profile('client_secret_basic');
    await using auth = new ServerToServerAuth({ ...service, scopes, server, transport: fetchTransport() });

    const given = await auth.getToken();
    expect(await auth.revoke()).toEqual({ revokedRemotely: true });
    expect(await provider.isActive(given)).toBe(false);
    expect(await provider.isActive(await auth.getToken())).toBe(true);
  });

  it('is told to mend its configuration when its secret, its id or its scope is wrong (RFC 6749 §5.2)', async () => {
    const provider = await startProvider();
    const server = provider.profile('client_secret_basic');
    for (const [mistake, code] of [
      [{ clientSecret: 'client-secret.fictional.mistyped' }, 'invalid_client'],
      [{ clientId: 'unknown.fictional' }, 'invalid_client'],
      [{ scopes: ['dailies.write'] }, 'invalid_scope'],
    ] as const) {
      await using auth = new ServerToServerAuth({
        ...service,
        scopes,
        ...mistake,
        server,
        transport: fetchTransport(),
      });
      const refusal = await rejectionOf(auth.getToken());
      expect(refusal).toBeInstanceOf(ConfigurationError);
      expect(refusal).toMatchObject({ code });
    }
  });

  it('works while one client secret replaces another', async () => {
    const provider = await startProvider();
    const server = provider.profile('client_secret_basic');
    const clientSecret = ['client-secret.fictional.of-next-year', service.clientSecret];
    await using auth = new ServerToServerAuth({
      ...service,
      clientSecret,
      scopes,
      server,
      transport: fetchTransport(),
    });

    expect(await provider.isActive(await auth.getToken())).toBe(true);
    await auth.refresh();
    expect([provider.count('refused'), provider.count('granted')]).toEqual([1, 2]);
  });
});
