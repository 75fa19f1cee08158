import { createHash, randomBytes } from 'node:crypto';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type FictionalPublicApp,
  type FictionalWebApp,
  startAuthorizationServer,
} from '@frameio-auth/testing';
import { onTestFinished } from 'vitest';

/** What a test's own small application sends, so that each test names only what matters to it. */

export const CALLBACK = 'http://localhost:4000/callback';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token?: string;
  readonly expires_in: number;
}

/** An OAuth error, as the server describes it. */
export interface OAuthError {
  readonly error: string;
  readonly error_description: string;
}

/** A server that lives as long as the test that starts it. */
export async function startServer(options?: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer(options);
  onTestFinished(() => server.close());
  return server;
}

export function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;
}

/** Posts a form; parameters that are `undefined` are left out. */
export function post(
  url: string,
  parameters: Record<string, string | undefined>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) form.set(name, value);
  return fetch(url, { method: 'POST', body: form, headers });
}

export async function refusalOf(response: Response | Promise<Response>): Promise<[number, string, string]> {
  const { status } = await response;
  const { error, error_description } = (await (await response).json()) as OAuthError;
  return [status, error, error_description];
}

export function serviceRequest(server: AuthorizationServer): Record<string, string> {
  const { clientId, clientSecret, scopes } = server.clients.serverToServer;
  return {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: scopes.join(','),
  };
}

export async function serviceToken(server: AuthorizationServer): Promise<string> {
  const response = await post(server.endpoints.tokenEndpoint, serviceRequest(server));
  return ((await response.json()) as Tokens).access_token;
}

/** An authorization URL of an application, PKCE and all; parameters may be overridden, and left out by `undefined`. */
export function authorization(
  server: AuthorizationServer,
  app: FictionalWebApp | FictionalPublicApp,
  overrides: Record<string, string | undefined> = {},
): { url: string; verifier: string } {
  const verifier = randomBytes(32).toString('base64url');
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: CALLBACK,
    scope: app.scopes.join(' '),
    state: 'state-of-a-test',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...overrides,
  };
  const url = new URL(server.endpoints.authorizationEndpoint);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { url: url.href, verifier };
}

/** The parameters of the URL on which the application is called back. */
export async function callback(
  server: AuthorizationServer,
  url: string,
  options?: { user?: string; deny?: boolean },
): Promise<URLSearchParams> {
  return new URL(await server.signIn(url, options)).searchParams;
}

/** Signs in as the web application of the Adobe profile does, and exchanges the code. */
export async function webAppTokens(server: AuthorizationServer, user?: string): Promise<Tokens> {
  const { webApp } = server.clients;
  const { url, verifier } = authorization(server, webApp);
  const code = (await callback(server, url, user === undefined ? {} : { user })).get('code') ?? '';
  const response = await post(
    server.endpoints.tokenEndpoint,
    { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: CALLBACK },
    { authorization: basic(webApp.clientId, webApp.clientSecret) },
  );
  return (await response.json()) as Tokens;
}

export function webAppRefresh(server: AuthorizationServer, refreshToken: string): Promise<Response> {
  const { clientId, clientSecret } = server.clients.webApp;
  return post(
    server.endpoints.tokenEndpoint,
    { grant_type: 'refresh_token', refresh_token: refreshToken },
    { authorization: basic(clientId, clientSecret) },
  );
}
