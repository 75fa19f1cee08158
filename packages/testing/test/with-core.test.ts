import {
  adobeIms,
  type CommonOptions,
  customServer,
  legacyFrameio,
  NativeAppAuth,
  ServerToServerAuth,
  SPAAuth,
  WebAppAuth,
} from '@frameio-auth/core';
import { type FictionalClients, manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { CALLBACK, startServer } from './application.js';

describe('the flows of core', () => {
  it('get a token for a service, and another one after the server moved its clock on', async () => {
    const clock = manualClock();
    const server = await startServer({ clock });
    const auth = new ServerToServerAuth({
      ...server.clients.serverToServer,
      server: adobeIms({ origin: server.origin }),
      transport: fetch,
      clock,
    });
    const token = await auth.getToken();
    expect(server.accessTokenIsLive(token)).toBe(true);
    await clock.advance(86_399_000);
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    expect(server.count({ grantType: 'client_credentials', outcome: 'granted' })).toBe(2);
    await auth.close();
  });

  it.each([
    ['WebAppAuth', ({ webApp }: FictionalClients, common: CommonOptions) => new WebAppAuth({ ...webApp, ...common })],
    ['SPAAuth', ({ singlePageApp }, common) => new SPAAuth({ ...singlePageApp, ...common })],
    ['NativeAppAuth', ({ nativeApp }, common) => new NativeAppAuth({ ...nativeApp, ...common })],
  ])('sign a user in, refresh and revoke at the Adobe server: %s', async (_name, flow) => {
    const server = await startServer();
    const auth = flow(server.clients, { server: adobeIms({ origin: server.origin }), transport: fetch });
    const { url } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    const before = await auth.getToken();
    await auth.refresh();
    const after = await auth.getToken();
    expect(after).not.toBe(before);
    expect(server.accessTokenIsLive(after)).toBe(true);
    await auth.revoke();
    expect(server.accessTokenIsLive(after)).toBe(false);
    await auth.close();
  });

  it('sign a user in and refresh at the legacy server, without PKCE and with it', async () => {
    const server = await startServer({ profile: 'legacy-frameio' });
    const { webApp, nativeApp } = server.clients;
    const { origin } = server;
    const flows = [
      new WebAppAuth({ ...webApp, redirectUri: CALLBACK, server: legacyFrameio({ origin }), transport: fetch }),
      new NativeAppAuth({ ...nativeApp, server: legacyFrameio({ origin, pkce: true }), transport: fetch }),
    ];
    for (const auth of flows) {
      const { url } = await auth.getAuthorizationUrl();
      await auth.handleCallback(await server.signIn(url));
      await auth.refresh();
      expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
      await auth.close();
    }
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(2);
  });

  it('take the endpoints of the server for a custom one', async () => {
    const server = await startServer({ sendIssuer: true });
    const auth = new WebAppAuth({
      ...server.clients.webApp,
      server: customServer({
        ...server.endpoints,
        clientAuthentication: 'client_secret_post',
        callbackCarriesIssuer: true,
      }),
      transport: fetch,
    });
    const { url } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    await auth.close();
  });
});
