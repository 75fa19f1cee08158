import { adobeIms, type ServerProfile } from '@frameio-auth/core';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { ConfigService } from '@nestjs/config';
import type { Settings } from '../settings.js';

/** The credentials and servers with which the application signs its users in. */
export interface FrameioAccount {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly server: ServerProfile;
  /** The origin of Frame.io's API. */
  readonly api: string;
}

/** The injection token of the {@link FrameioAccount}. */
export const FRAMEIO_ACCOUNT = Symbol('FRAMEIO_ACCOUNT');

/** Returns the configured account, or a fictional one of a local server that behaves like Adobe's and Frame.io's. */
export async function accountOf(config: ConfigService<Settings, true>): Promise<FrameioAccount> {
  const clientId = config.get('FRAMEIO_CLIENT_ID', { infer: true });
  const clientSecret = config.get('FRAMEIO_CLIENT_SECRET', { infer: true });
  if (clientId === undefined || clientSecret === undefined) return localAccount();
  const local = config.get('FRAMEIO_LOCAL', { infer: true });
  return local === undefined
    ? { clientId, clientSecret, server: adobeIms(), api: 'https://api.frame.io' }
    : { clientId, clientSecret, server: adobeIms({ origin: local }), api: local };
}

/** The method has the name of a Nest hook, which Nest also calls on an object that a factory created. */
async function localAccount(): Promise<FrameioAccount & OnApplicationShutdown> {
  const { startAuthorizationServer } = await import('@frameio-auth/testing'); // Never loaded in production.
  const local = await startAuthorizationServer({ allowHttpRedirects: false });
  const { clientId, clientSecret } = local.clients.webApp;
  return {
    clientId,
    clientSecret,
    server: adobeIms({ origin: local.origin }),
    api: local.origin,
    onApplicationShutdown: () => local.close(),
  };
}
