/** What the playground and its instances say to each other. */
import type { EndingCause, SessionState } from '@frameio-auth/core';

/** What an instance needs to begin. */
export interface InstanceSettings {
  readonly name: string;
  /** One secret, or two while one replaces the other. */
  readonly clientSecret: readonly string[];
  readonly clientId: string;
  readonly redirectUri: string;
  /** Where the sessions are: a directory for files, or the address of a Redis. */
  readonly storage: { readonly directory: string } | { readonly redis: string };
  readonly authorizationServer: string;
  readonly api: string;
  /** Where to post what the viewer shows. */
  readonly viewer: string;
  /** How far the playground's clock is ahead, in milliseconds. */
  readonly ahead: number;
}

/** What an instance is asked to do. Each is answered with a text, which is empty where there is nothing to say. */
export type Order =
  | { readonly name: 'begin'; readonly settings: InstanceSettings }
  /** The answer is where to send the user. */
  | { readonly name: 'beginSignIn' }
  | { readonly name: 'endSignIn'; readonly callback: string }
  /** Calls `/v4/me`. The answer is the HTTP status. */
  | { readonly name: 'call' }
  | { readonly name: 'revoke' }
  | { readonly name: 'moveOn'; readonly ms: number }
  | { readonly name: 'end' };

/** An order with a number, by which its answer is known. */
export interface NumberedOrder {
  readonly id: number;
  readonly order: Order;
}

/** What an instance says. */
export type Report =
  | { readonly kind: 'answer'; readonly id: number; readonly text: string }
  /** The order failed; `code` is the error's. */
  | { readonly kind: 'failure'; readonly id: number; readonly code: string }
  | { readonly kind: 'standing'; readonly standing: Standing }
  /** It asked the server, and was given new tokens. */
  | { readonly kind: 'refreshed' }
  /** It called the API; what for `user` was signed in, if the API said so. */
  | { readonly kind: 'called'; readonly succeeded: boolean; readonly user?: string };

/** How the session stands in an instance. */
export interface Standing {
  readonly state: SessionState;
  /** The state with its inner step, such as `refreshing.waiting`. */
  readonly step: string;
  /** The first digits of the SHA-256 of the token that is served; empty when there is none. */
  readonly token: string;
  /** On the playground's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number | null;
  /** Whether the last attempt to renew failed. */
  readonly degraded: boolean;
  readonly ending: EndingCause | null;
}
