import type { ClientRegistration } from './client-registry.js';

/** The settings of a confidential client with users, in the form that `WebAppAuth` takes. */
export interface FictionalWebApp {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
}

/** The settings of a confidential client without users, in the form that `ServerToServerAuth` takes. */
export type FictionalService = Omit<FictionalWebApp, 'redirectUri'>;

/** The settings of a public client, in the form that `SPAAuth` and `NativeAppAuth` take. */
export type FictionalPublicApp = Omit<FictionalWebApp, 'clientSecret'>;

/** The applications that every server registers at startup. */
export interface FictionalClients {
  /** `client_credentials`. The legacy server rejects that grant for every client. */
  readonly serverToServer: FictionalService;
  readonly webApp: FictionalWebApp;
  readonly singlePageApp: FictionalPublicApp;
  readonly nativeApp: FictionalPublicApp;
}

/** Tests listen on arbitrary ports, so the fictional applications accept any redirect URI on loopback. */
const LOOPBACK = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/;

export function fictionalClients(
  scopes: { service: string[]; user: string[] },
  nativeRedirectUri: string,
): FictionalClients {
  return {
    serverToServer: {
      clientId: 'nightly-ingest.fictional',
      clientSecret: 'client-secret.fictional.nightly-ingest',
      scopes: scopes.service,
    },
    webApp: {
      clientId: 'review-portal.fictional',
      clientSecret: 'client-secret.fictional.review-portal',
      redirectUri: 'https://review-portal.example/auth/callback',
      scopes: scopes.user,
    },
    singlePageApp: {
      clientId: 'dailies-player.fictional',
      redirectUri: 'https://dailies-player.example/callback',
      scopes: scopes.user,
    },
    nativeApp: {
      clientId: 'slate-uploader.fictional',
      redirectUri: nativeRedirectUri,
      scopes: scopes.user,
    },
  };
}

export function registrationsOf(clients: FictionalClients): ClientRegistration[] {
  const { serverToServer, webApp, singlePageApp, nativeApp } = clients;
  const withUsers = { redirectUriPattern: LOOPBACK };
  return [
    { ...serverToServer, name: 'Nightly Ingest' },
    { ...webApp, ...withUsers, redirectUris: [webApp.redirectUri], name: 'Review Portal' },
    { ...singlePageApp, ...withUsers, redirectUris: [singlePageApp.redirectUri], name: 'Dailies Player' },
    { ...nativeApp, ...withUsers, redirectUris: [nativeApp.redirectUri], name: 'Slate Uploader' },
  ];
}
