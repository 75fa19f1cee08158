import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { customServer, type ServerProfile } from '@frameio-auth/core';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { onTestFinished } from 'vitest';
import { signIn } from './browser.js';
import { listen } from './listening.js';
import type { OtherServer } from './other-server.js';
import { recordsInMemory } from './records.js';

/** The applications that the provider knows; all of them are made up. */
export const applications = {
  basic: {
    clientId: 'review-portal.fictional',
    // Characters that HTTP Basic carries only when they are form-encoded first (RFC 6749 §2.3.1).
    clientSecret: 'client secret: fictional+100%/review-portal',
    redirectUri: 'https://review-portal.example/callback',
  },
  post: {
    clientId: 'grading-suite.fictional',
    clientSecret: 'client-secret.fictional.grading-suite',
    redirectUri: 'https://grading-suite.example/callback',
  },
  singlePage: { clientId: 'dailies-player.fictional', redirectUri: 'https://dailies-player.example/callback' },
  native: { clientId: 'slate-uploader.fictional', redirectUri: 'http://127.0.0.1/callback' },
  service: { clientId: 'nightly-ingest.fictional', clientSecret: 'client-secret.fictional.nightly-ingest' },
} as const;

export const SCOPES = ['openid', 'offline_access'];

/** A certified OpenID provider that others wrote, on loopback, and what a test asks about it. */
export interface InteropProvider {
  readonly issuer: string;
  /** What our side has to know of it. */
  profile(authentication: ServerProfile['clientAuthentication']): ServerProfile;
  /** How many token requests it granted and rejected. */
  count(outcome: 'granted' | 'refused', grantType?: string): number;
  /** Whether an access token or a refresh token is valid, according to the provider itself (RFC 7662). */
  isActive(token: string): Promise<boolean>;
  /** Presents a refresh token as the application that has it would, past all of our code. */
  presentRefreshToken(refreshToken: string): Promise<{ readonly status: number; readonly error?: string }>;
}

/** Signs the id tokens, which are not read here. */
const SIGNING_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const CODE_FLOW = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code' as const] };

function configuration(): Configuration {
  const { basic, post, singlePage, native, service } = applications;
  return {
    adapter: recordsInMemory(),
    clients: [
      {
        ...CODE_FLOW,
        client_id: basic.clientId,
        client_secret: basic.clientSecret,
        redirect_uris: [basic.redirectUri],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      {
        ...CODE_FLOW,
        client_id: post.clientId,
        client_secret: post.clientSecret,
        redirect_uris: [post.redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
      {
        ...CODE_FLOW,
        client_id: singlePage.clientId,
        redirect_uris: [singlePage.redirectUri],
        token_endpoint_auth_method: 'none',
      },
      {
        ...CODE_FLOW,
        client_id: native.clientId,
        application_type: 'native',
        redirect_uris: [native.redirectUri],
        token_endpoint_auth_method: 'none',
      },
      {
        client_id: service.clientId,
        client_secret: service.clientSecret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        scope: 'dailies.read',
      },
    ],
    scopes: [...SCOPES, 'dailies.read', 'dailies.write'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    renderError(context, out) {
      context.body = JSON.stringify(out);
    },
    // Named, because the provider prints a notice about each default that it falls back on.
    cookies: { keys: ['cookie-key.fictional'] },
    jwks: { keys: [SIGNING_KEY] },
    ttl: {
      AccessToken: 600,
      ClientCredentials: 600,
      Grant: 3600,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 600,
    },
  };
}

/** Starts a provider that lives as long as the test that starts it. */
export async function startProvider(): Promise<InteropProvider> {
  const { close, ...provider } = await launchProvider();
  onTestFinished(close);
  return provider;
}

/** Starts a provider for all tests of a file, with its review portal as the application. */
export async function startOidcProvider(): Promise<OtherServer> {
  const { profile, isActive, close } = await launchProvider();
  return {
    application: { ...applications.basic, scopes: SCOPES },
    profile: profile('client_secret_basic'),
    wrongSecret: 'invalid_client',
    burnsCodes: false,
    // The provider grants offline access only with the user's consent.
    signIn: (url) => signIn(`${url}&prompt=consent`),
    isActive,
    close,
  };
}

async function launchProvider(): Promise<InteropProvider & Pick<OtherServer, 'close'>> {
  const { server, origin: issuer, close } = await listen();
  const provider = new Provider(issuer, configuration());
  const serveProvider = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/')) void serveInteraction(provider, request, response);
    else void serveProvider(request, response);
  });

  const decided: { readonly outcome: 'granted' | 'refused'; readonly grantType: unknown }[] = [];
  const note = (outcome: 'granted' | 'refused') => (context: KoaContextWithOIDC) =>
    void decided.push({ outcome, grantType: context.oidc.params?.['grant_type'] });
  provider.on('grant.success', note('granted'));
  provider.on('grant.error', note('refused'));

  const ask = (path: string, { clientId, clientSecret }: { clientId: string; clientSecret: string }, form: object) =>
    fetch(issuer + path, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`,
      },
      body: new URLSearchParams({ ...form }),
    });

  return {
    issuer,
    close,
    profile: (clientAuthentication) =>
      customServer({
        issuer,
        authorizationEndpoint: `${issuer}/auth`,
        tokenEndpoint: `${issuer}/token`,
        revocationEndpoint: `${issuer}/token/revocation`,
        callbackCarriesIssuer: true,
        clientAuthentication,
      }),
    count: (outcome, grantType) =>
      decided.filter((each) => each.outcome === outcome && (grantType === undefined || each.grantType === grantType))
        .length,
    async isActive(token) {
      const response = await ask('/token/introspection', applications.basic, { token });
      return ((await response.json()) as { active: boolean }).active;
    },
    async presentRefreshToken(refreshToken) {
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
      const response = await ask('/token', applications.basic, form);
      const { error } = (await response.json()) as { error?: string };
      return { status: response.status, ...(error !== undefined && { error }) };
    },
  };
}

/** The application of the provider's operator: a page, and what follows from the button that was pressed on it. */
async function serveInteraction(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.end(`<form method="post">${prompt.name}: <button name="decision">allow</button> or deny</form>`);
    return;
  }
  const decision = new URLSearchParams(await text(request)).get('decision');
  if (decision !== 'allow') {
    const refusal = { error: 'access_denied', error_description: 'Mara Editor said no' };
    await provider.interactionFinished(request, response, refusal, { mergeWithLastSubmission: false });
  } else if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: 'mara@studio.example' } });
  } else {
    const granted = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const grant =
      granted ??
      new provider.Grant({ accountId: session?.accountId as string, clientId: params['client_id'] as string });
    grant.addOIDCScope((prompt.details['missingOIDCScope'] as string[] | undefined)?.join(' ') ?? '');
    await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  }
}
