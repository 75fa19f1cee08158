import type { WebAppAuth } from '@frameio-auth/core';

/** What each of the three applications is given. None of them knows which authorization server it is. */
export interface Portal {
  readonly auth: WebAppAuth;
  /** The origin of Frame.io's API. */
  readonly api: string;
  /** The path of the redirect URI. */
  readonly callbackPath: string;
  /** 32 bytes that protect the cookies. */
  readonly cookieKey: Buffer;
}
