import type { ServerProfile, WebAppAuthOptions } from '@frameio-auth/core';

/** An OAuth server that others wrote, on loopback, and what a test does with it. One serves all tests of a file. */
export interface OtherServer {
  readonly profile: ServerProfile;
  /** The application that it knows. */
  readonly application: Pick<WebAppAuthOptions, 'clientId' | 'clientSecret' | 'redirectUri' | 'scopes'>;
  /** The code of the error for a wrong secret. */
  readonly wrongSecret: string;
  /** Whether it spends a code although the secret is wrong. */
  readonly burnsCodes: boolean;
  /** Signs a user in as a browser would, and resolves to the address at which the browser ends. */
  signIn(authorizationUrl: string): Promise<string>;
  /** Whether an access token is valid, according to the server itself. */
  isActive(accessToken: string): Promise<boolean>;
  close(): Promise<void>;
}
