import type { FictionalWebApp, TcpAddress } from '@frameio-auth/testing';
import type { RaceEvent } from './history.js';

/** The commands of a race to its processes, and their results. */
export interface Orders {
  /** Imports the member's module, and creates the member. */
  open: { takes: Opening; gives: null };
  /** Begins the sign-in; the result is the address to send the user to. */
  beginSignIn: { takes: null; gives: string };
  /** Completes the sign-in with the address to which the user returned. */
  endSignIn: { takes: string; gives: null };
  /** Begins to call the session, in ways that the seed decides. */
  work: { takes: { readonly seed: number }; gives: null };
  /** Stops these calls. */
  rest: { takes: null; gives: null };
  /** Tries once to get a token that the API accepts. */
  settle: { takes: { readonly patience: number }; gives: Settlement };
  close: { takes: null; gives: null };
}

export interface Opening {
  readonly module: string;
  readonly process: string;
  readonly index: number;
  readonly origin: string;
  readonly client: FictionalWebApp;
  readonly parameters: unknown;
  readonly storageAddress: TcpAddress | null;
  /** The longest lease to request, in milliseconds. */
  readonly leaseTtl: number | null;
}

/** The state of a member after all faults have ended. */
export interface Settlement {
  /** Whether the API accepts the token that the member returns. */
  readonly valid: boolean;
  readonly step: string;
  /** Why the session has ended, if it has. */
  readonly cause: string | null;
  /** Why there is no token, if there is none. */
  readonly code: string | null;
}

export interface Order<Name extends keyof Orders = keyof Orders> {
  readonly id: number;
  readonly name: Name;
  readonly order: Orders[Name]['takes'];
}

/** A message of a process: an event that it saw, or the response to a command. */
export type Message =
  | { readonly event: RaceEvent }
  | { readonly id: number; readonly gives: unknown }
  /** The error's code or name. Its message may contain anything, even a secret. */
  | { readonly id: number; readonly error: string };
