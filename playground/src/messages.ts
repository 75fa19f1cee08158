/** The messages between the playground and its instances. */
import type { EndingCause, SessionState } from '@frameio-auth/core';

/** The settings of an instance. */
export interface InstanceSettings {
  readonly name: string;
  /** One secret, or two during a rotation. */
  readonly clientSecret: readonly string[];
  readonly clientId: string;
  readonly redirectUri: string;
  /** Where sessions are stored: a directory for files, or the address of a Redis. */
  readonly storage: { readonly directory: string } | { readonly redis: string };
  readonly authorizationServer: string;
  readonly api: string;
  /** Where to post the messages for the viewer. */
  readonly viewer: string;
  /** How far the playground's clock is ahead, in milliseconds. */
  readonly ahead: number;
}

/** The commands to an instance. Each gets a response, a text that may be empty. */
export type Command =
  | { readonly name: 'begin'; readonly settings: InstanceSettings }
  /** The response is the address to send the user to. */
  | { readonly name: 'beginSignIn' }
  | { readonly name: 'endSignIn'; readonly callback: string }
  /** Calls `/v4/me`. The response is the HTTP status. */
  | { readonly name: 'call' }
  | { readonly name: 'revoke' }
  | { readonly name: 'advance'; readonly ms: number }
  | { readonly name: 'end' };

/** A command with a number that identifies its response. */
export interface NumberedCommand {
  readonly id: number;
  readonly command: Command;
}

/** The messages of an instance. */
export type Report =
  | { readonly kind: 'answer'; readonly id: number; readonly text: string }
  /** The command failed; `code` is the error's. */
  | { readonly kind: 'failure'; readonly id: number; readonly code: string }
  | { readonly kind: 'status'; readonly status: SessionStatus }
  /** It received new tokens from the server. */
  | { readonly kind: 'refreshed' }
  /** It called the API; `user` is the name of the signed-in user, if the API returned it. */
  | { readonly kind: 'called'; readonly succeeded: boolean; readonly user?: string };

/** The state of the session in an instance. */
export interface SessionStatus {
  readonly state: SessionState;
  /** The state with its inner step, such as `refreshing.waiting`. */
  readonly step: string;
  /** The first digits of the SHA-256 of the current token; empty if there is none. */
  readonly token: string;
  /** On the playground's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number | null;
  /** Whether the last attempt to refresh failed. */
  readonly degraded: boolean;
  readonly ending: EndingCause | null;
}
