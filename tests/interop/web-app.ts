import { WebAppAuth, type WebAppAuthOptions } from '@frameio-auth/core';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { applications, type InteropProvider, SCOPES } from './provider.js';

/** The review portal of the provider's applications, as our side of it. */
export function webApp(provider: InteropProvider, options: Partial<WebAppAuthOptions> = {}): WebAppAuth {
  const server = provider.profile('client_secret_basic');
  return new WebAppAuth({ ...applications.basic, scopes: SCOPES, server, transport: fetchTransport(), ...options });
}
