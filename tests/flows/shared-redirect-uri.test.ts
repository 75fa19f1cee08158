import { customServer, type ServerProfile, SPAAuth, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { describe, expect, it, onTestFinished } from 'vitest';

const redirectUri = 'https://review-portal.example/callback';

function serverNamed(name: string, more: Partial<ServerProfile> = {}): ServerProfile {
  const issuer = `https://${name}.example`;
  const endpoints = { tokenEndpoint: `${issuer}/token`, authorizationEndpoint: `${issuer}/authorize` };
  return customServer({ issuer, ...endpoints, clientAuthentication: 'client_secret_basic', ...more });
}

function portal(server: ServerProfile, storage: TokenStorage | undefined, uri = redirectUri): WebAppAuth {
  const client = { clientId: 'portal.fictional', clientSecret: 'client-secret.fictional', redirectUri: uri };
  const auth = new WebAppAuth({ ...client, server, transport: fetch, ...(storage && { storage }) });
  onTestFinished(() => auth.close());
  return auth;
}

describe('one redirect URI for two servers that do not name themselves in callbacks (RFC 9700 §4.4.2)', () => {
  it('is rejected where their sign-ins share a storage, with both names and what to do', () => {
    const storage = memoryStorage();
    portal(serverNamed('honest'), storage);
    const second = () => portal(serverNamed('other'), storage);
    expect(second).toThrow(
      /^redirectUri is also that of another server.*other\.example and https:\/\/honest\.example.*its own path/,
    );
    expect(second).toThrow(expect.objectContaining({ name: 'ConfigurationError', code: 'redirect_uri_shared' }));
    portal(serverNamed('other'), storage, `${redirectUri}/other`);
  });

  it.each([
    ['with a slash at the end', 'https://review-portal.example/callback/'],
    ['spelled otherwise', 'https://REVIEW-portal.example:443/x/../callback'],
    ['with a parameter that the other has not', 'https://review-portal.example/callback?tenant=other'],
  ])('is rejected %s, because a callback there would be taken for the other', (_how, uri) => {
    for (const [first, second] of [
      [redirectUri, uri],
      [uri, redirectUri],
    ]) {
      const storage = memoryStorage();
      portal(serverNamed('honest'), storage, first);
      expect(() => portal(serverNamed('other'), storage, second)).toThrow(/its own path/);
    }
  });

  it.each([
    ['another path', 'https://review-portal.example/callback/other'],
    ['another host', 'https://grading-suite.example/callback'],
    ['another scheme', 'review-portal://review-portal.example/callback'],
  ])('is fine with %s', (_what, uri) => {
    const storage = memoryStorage();
    portal(serverNamed('honest'), storage);
    expect(() => portal(serverNamed('other'), storage, uri)).not.toThrow();
  });

  it('is fine with values of one parameter that differ', () => {
    const storage = memoryStorage();
    portal(serverNamed('honest'), storage, `${redirectUri}?tenant=honest`);
    expect(() => portal(serverNamed('other'), storage, `${redirectUri}?tenant=other`)).not.toThrow();
  });

  it.each<readonly [string, () => unknown]>([
    [
      'they share no storage',
      () => [portal(serverNamed('a'), memoryStorage()), portal(serverNamed('b'), memoryStorage())],
    ],
    ['they have none', () => [portal(serverNamed('a'), undefined), portal(serverNamed('b'), undefined)]],
    [
      'one of them names itself in each callback (RFC 9207)',
      () => {
        const storage = memoryStorage();
        return [portal(serverNamed('a', { callbackCarriesIssuer: true }), storage), portal(serverNamed('b'), storage)];
      },
    ],
    [
      'they are one server',
      () => {
        const storage = memoryStorage();
        const player = { clientId: 'player.fictional', redirectUri, transport: fetch, storage };
        const same = new SPAAuth({ ...player, server: serverNamed('a') });
        onTestFinished(() => same.close());
        return [portal(serverNamed('a'), storage), same];
      },
    ],
  ])('is fine where %s', (_why, make) => {
    expect(make()).toHaveLength(2);
  });

  it('is free again when the one that had it is closed', async () => {
    const storage = memoryStorage();
    await portal(serverNamed('a'), storage).close();
    portal(serverNamed('b'), storage);
  });
});
