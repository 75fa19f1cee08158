import { type CommonOptions, ServerToServerAuth } from '@frameio-auth/core';
import type { Transport } from '@frameio-auth/core/adapter';

/** Responds to every token request immediately, in memory, so that the session is measured and not a network. */
export const instantTransport: Transport = async () =>
  Response.json({ access_token: 'access.fictional.benchmark', token_type: 'bearer', expires_in: 86_399 });

export function fictionalAuth(options: Partial<CommonOptions> = {}): ServerToServerAuth {
  return new ServerToServerAuth({
    clientId: 'benchmark.fictional',
    clientSecret: 'client-secret.fictional.benchmark',
    transport: instantTransport,
    ...options,
  });
}
