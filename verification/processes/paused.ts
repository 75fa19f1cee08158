/** A process that is suspended while its request is in flight, for pause.ts; on the built packages. */
import { customServer, WebAppAuth } from '@frameio-auth/core';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { undiciTransport } from '@frameio-auth/transport-undici';
import type { PausedProcess } from './pause.ts';

const { origin, transport, timeout, duration, message } = JSON.parse(process.env['PAUSED'] ?? '') as PausedProcess;
const limits = timeout === undefined ? {} : { timeout };

process.on('message', () => {
  process.send?.('working', () => {
    // As a long computation does: nothing else runs in this thread. It leaves the processor to other tests.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration);
  });
});

const auth = new WebAppAuth({
  clientId: 'client.fictional',
  clientSecret: 'secret.fictional',
  redirectUri: 'https://app.example/callback',
  server: customServer({
    issuer: origin,
    clientAuthentication: 'client_secret_post',
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
  }),
  transport: transport === 'fetch' ? fetchTransport(limits) : undiciTransport(limits),
});

try {
  if (message === 'code') {
    const { state } = await auth.getAuthorizationUrl();
    await auth.handleCallback(`https://app.example/callback?code=code.fictional&state=${state}`);
  } else {
    const expiresAt = Math.floor(Date.now() / 1000) + 3600;
    await auth.importTokens({ accessToken: 'access-0.fictional', refreshToken: 'refresh-0.fictional', expiresAt });
    await auth.refresh();
  }
  process.send?.(auth.peekToken() ?? 'no token');
} catch (error) {
  process.send?.(`${(error as { code?: string }).code}: ${(error as Error).message}`);
}
