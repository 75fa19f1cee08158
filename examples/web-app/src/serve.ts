import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ServerProfile, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { serverCertificate } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { frameioSignIn, type Portal } from './frameio.ts';

/** Converts each framework's application into a listener for Node. Only the selected one is loaded. */
export const frameworks = {
  express: async (portal: Portal): Promise<RequestListener> => {
    const { expressApp } = await import('./express-app.ts');
    return expressApp(portal);
  },
  fastify: async (portal: Portal): Promise<RequestListener> => {
    const { fastifyApp } = await import('./fastify-app.ts');
    const app = await fastifyApp(portal);
    await app.ready();
    return app.routing;
  },
  hono: async (portal: Portal): Promise<RequestListener> => {
    const { honoApp } = await import('./hono-app.ts');
    const { getRequestListener } = await import('@hono/node-server');
    // The process keeps the platform's `Request` and `Response`, because other code in it relies on them.
    return getRequestListener(honoApp(portal).fetch, { overrideGlobalObjects: false });
  },
};

export type Framework = keyof typeof frameworks;

export interface Account {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly server: ServerProfile;
  /** The origin of Frame.io's API. */
  readonly api: string;
}

export interface Service {
  readonly framework: Framework;
  readonly account: Account;
  /** An https address of this machine. Port 0: a free one. */
  readonly redirectUri: string;
  /** Stores the sessions. Default: in memory. */
  readonly storage?: TokenStorage;
  /** 32 bytes. Default: random, so that a restart signs all users out. */
  readonly cookieKey?: Buffer;
}

export interface RunningService {
  /** The address for users. */
  readonly home: string;
  /** The certificate in PEM for clients to trust. */
  readonly certificate: string;
  close(): Promise<void>;
}

/** Serves the application over HTTPS on this machine, with a new self-signed certificate. */
export async function serve(service: Service): Promise<RunningService> {
  const { framework, account, storage = memoryStorage(), cookieKey = randomBytes(32) } = service;
  const { key, certificate } = await serverCertificate();
  const web = createServer({ key, cert: certificate });
  const redirectUri = new URL(service.redirectUri);
  web.listen(Number(redirectUri.port || 443), '127.0.0.1');
  await once(web, 'listening');
  redirectUri.port = String((web.address() as AddressInfo).port);

  const { api, ...client } = account;
  const auth = new WebAppAuth({ ...client, redirectUri: redirectUri.href, transport: fetchTransport(), storage });
  web.on('request', await frameworks[framework]({ frameio: frameioSignIn(auth, api, cookieKey), api }));

  return {
    home: redirectUri.origin,
    certificate,
    async close() {
      const closed = once(web, 'close');
      web.close();
      web.closeAllConnections();
      await closed;
      await auth.close();
    },
  };
}
