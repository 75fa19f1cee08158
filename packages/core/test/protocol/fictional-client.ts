import { Secret } from '../../src/kernel/secret.js';
import type { Transport } from '../../src/kernel/transport.js';
import {
  type AuthorizationClient,
  type AuthorizationClientOptions,
  authorizationClient,
} from '../../src/protocol/authorization-client.js';
import type { ServerProfile } from '../../src/protocol/server-profile.js';

export const CLIENT_ID = 'fictional-client';
export const CLIENT_SECRET = 'p8e-fictional_secret.1';
export const REDIRECT_URI = 'https://app.example.com/callback';
/** The verifier of RFC 7636 Appendix B, and its challenge. */
export const CODE_VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CODE_CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

export const NOW = Date.parse('2026-11-06T08:00:00Z');

const platformFetch: Transport = (url, init) => fetch(url, init);

export function clientOf(
  profile: ServerProfile,
  { clientSecrets = [new Secret(CLIENT_SECRET)], ...options }: Partial<AuthorizationClientOptions> = {},
): AuthorizationClient {
  return authorizationClient({
    profile,
    clientId: CLIENT_ID,
    clientSecrets,
    transport: platformFetch,
    clock: { now: () => NOW },
    ...options,
  });
}

export const codeExchange = {
  code: new Secret('fictional-code'),
  codeVerifier: new Secret(CODE_VERIFIER),
  redirectUri: REDIRECT_URI,
  scopes: ['account.read', 'offline'],
  state: 'fictional-state',
};

export const refresh = { refreshToken: new Secret('fictional-refresh-token'), scopes: ['account.read', 'offline'] };

export const GRANTED = { access_token: 'fictional-access-token', token_type: 'bearer', expires_in: 3600 };
