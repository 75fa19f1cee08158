import type { FictionalWebApp } from '../fictional-clients.js';
import type { RaceEvent } from './history.js';
import type { TcpAddress } from './tcp-proxy.js';

/** What a race asks of its processes, and what they answer. */
export interface Orders {
  /** Imports the member's module, and makes the member. */
  open: { takes: Opening; gives: null };
  /** Begins the sign-in: the address to send the user to. */
  beginSignIn: { takes: null; gives: string };
  /** Completes it, by the address on which the user came back. */
  endSignIn: { takes: string; gives: null };
  /** Begins to call the session, in ways that the seed decides. */
  work: { takes: { readonly seed: number }; gives: null };
  /** Makes no more such calls. */
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
  /** The longest lease to ask for, in milliseconds. */
  readonly leaseTtl: number | null;
}

/** How a member stands when nothing goes wrong any more. */
export interface Settlement {
  /** Whether the API accepts the token that the member hands out. */
  readonly valid: boolean;
  readonly step: string;
  /** Why the session is over, if it is. */
  readonly cause: string | null;
  /** Why there is no token, if there is none. */
  readonly code: string | null;
}

export interface Order<Name extends keyof Orders = keyof Orders> {
  readonly id: number;
  readonly name: Name;
  readonly order: Orders[Name]['takes'];
}

/** What a process sends: an event that it saw, or the answer to an order. */
export type Message =
  | { readonly event: RaceEvent }
  | { readonly id: number; readonly gives: unknown }
  /** The error's code or name; its message may be anybody's, and hold a secret. */
  | { readonly id: number; readonly error: string };
