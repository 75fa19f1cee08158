import type { FictionalWebApp, TcpAddress } from '@frameio-auth/testing';
import type { RaceEvent } from './history.js';

/** The commands of a race to its processes, and their results. */
export interface Commands {
  /** Imports the instance's module, and creates the instance. */
  open: { argument: OpenCommand; result: null };
  /** Begins the sign-in; the result is the address to send the user to. */
  beginSignIn: { argument: null; result: string };
  /** Completes the sign-in with the address to which the user returned. */
  endSignIn: { argument: string; result: null };
  /** Begins to call the session, in ways that the seed decides. */
  startCalls: { argument: { readonly seed: number }; result: null };
  /** Stops them. */
  stopCalls: { argument: null; result: null };
  /** Tries once to get a token that the API accepts. */
  settle: { argument: { readonly timeout: number }; result: FinalState };
  close: { argument: null; result: null };
}

export interface OpenCommand {
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

/** The state of an instance after all faults have ended. */
export interface FinalState {
  /** Whether the API accepts the token that the instance returns. */
  readonly valid: boolean;
  readonly step: string;
  /** Why the session has ended, if it has. */
  readonly cause: string | null;
  /** Why there is no token, if there is none. */
  readonly code: string | null;
}

export interface Command<Name extends keyof Commands = keyof Commands> {
  readonly id: number;
  readonly name: Name;
  readonly argument: Commands[Name]['argument'];
}

/** A message of a process: an event that it saw, or the response to a command. */
export type Message =
  | { readonly event: RaceEvent }
  | { readonly id: number; readonly result: unknown }
  /** The error's code or name. Its message may contain anything, even a secret. */
  | { readonly id: number; readonly error: string };
