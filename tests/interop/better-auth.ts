import { oauthProvider } from '@better-auth/oauth-provider';
import { discoverServer } from '@frameio-auth/core';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { type BetterAuthPlugin, betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';
import { listen } from './listening.js';
import type { OtherServer } from './other-server.js';

const REDIRECT_URI = 'https://review-portal.example/callback';
const SCOPES = ['openid', 'offline_access'];

/** Every kind of record that the provider keeps, each in a list. */
const TABLES = [
  'user',
  'session',
  'account',
  'verification',
  'jwks',
  'oauthClient',
  'oauthAccessToken',
  'oauthRefreshToken',
  'oauthConsent',
  'oauthResource',
  'oauthClientResource',
  'oauthClientAssertion',
];

/**
 * better-auth with its OAuth provider: strict. It requires PKCE, spends a code that comes with a wrong secret, and
 * refuses to revoke an access token that became invalid with its refresh token.
 */
export async function startBetterAuth(): Promise<OtherServer> {
  const { server, origin, close } = await listen();
  const provider = oauthProvider({
    loginPage: '/login',
    consentPage: '/consent',
    scopes: SCOPES,
    silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
  });
  const auth = betterAuth({
    baseURL: origin,
    secret: 'cookie-key.fictional.of-enough-characters',
    database: memoryAdapter(Object.fromEntries(TABLES.map((table) => [table, []]))),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    logger: { disabled: true },
    rateLimit: { enabled: false },
    // Its own types do not fit exactOptionalPropertyTypes.
    plugins: [jwt(), provider as unknown as BetterAuthPlugin],
  });
  server.on('request', toNodeHandler(auth));

  const mara = { name: 'Mara Editor', email: 'mara@studio.example', password: 'password.fictional' };
  const signedUp = await auth.api.signUpEmail({ body: mara, asResponse: true });
  const cookie = signedUp.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  const { adminCreateOAuthClient } = auth.api as unknown as Pick<typeof provider.endpoints, 'adminCreateOAuthClient'>;
  const client = await adminCreateOAuthClient({
    headers: new Headers({ cookie }),
    body: {
      client_name: 'Review portal',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token'],
      scope: SCOPES.join(' '),
      skip_consent: true,
    },
  });
  const application = {
    clientId: client.client_id,
    clientSecret: client.client_secret as string,
    redirectUri: REDIRECT_URI,
    scopes: SCOPES,
  };

  return {
    application,
    wrongSecret: 'invalid_client',
    burnsCodes: true,
    // What the client is registered with is all that the server's own metadata leaves open.
    profile: await discoverServer(`${origin}/api/auth`, {
      transport: fetchTransport(),
      clientAuthentication: 'client_secret_post',
    }),
    async signIn(url) {
      const response = await fetch(url, { headers: { cookie }, redirect: 'manual' });
      // What is no navigation of a browser gets the address as JSON.
      return ((await response.json()) as { url: string }).url;
    },
    async isActive(token) {
      const body = new URLSearchParams({
        token,
        client_id: application.clientId,
        client_secret: application.clientSecret,
      });
      const response = await fetch(`${origin}/api/auth/oauth2/introspect`, { method: 'POST', body });
      return ((await response.json()) as { active: boolean }).active;
    },
    close,
  };
}
