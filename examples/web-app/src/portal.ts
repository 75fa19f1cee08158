import type { WebAppAuth } from '@frameio-auth/core';

/** The dependencies of each of the three applications. None knows which authorization server is used. */
export interface Portal {
  readonly auth: WebAppAuth;
  /** The origin of Frame.io's API. */
  readonly api: string;
  /** The path of the redirect URI. */
  readonly callbackPath: string;
  /** 32 bytes that protect the cookies. */
  readonly cookieKey: Buffer;
}
