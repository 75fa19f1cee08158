import type { EndingCause } from '@frameio-auth/core';
import type { FictionalWebApp } from '@frameio-auth/testing';
import { ChildProgram } from '../child-program.ts';

/** Where an application stores its sessions, and which server it uses. */
export interface Application {
  readonly directory: string;
  readonly origin: string;
  readonly client: FictionalWebApp;
  /** The time of its clock, which the commands advance. Default: the system's clock. */
  readonly now?: number;
}

/** How a refresh ended: with a token, or without one, and then by which ending of the session. */
export type Refreshed = { readonly token: string } | { readonly ending: EndingCause | 'none' };

/** The commands of an instance. */
export interface Commands {
  open: { argument: Application; result: null };
  getTokens: { argument: { readonly callers: number }; result: string[] };
  refresh: { argument: null; result: Refreshed };
  /** Advances the clock, and returns its time. */
  advance: { argument: { readonly milliseconds: number }; result: number };
  /** Increments the number in a record, and returns the versions of its commits. */
  increment: {
    argument: { readonly directory: string; readonly key: string; readonly times: number };
    result: number[];
  };
  /** Takes a record's lease repeatedly, and returns how often another process had it at the same time. */
  lead: { argument: { readonly directory: string; readonly key: string; readonly times: number }; result: number };
}

/** A refresh begins, in place of this token. */
export interface RefreshBegan {
  readonly replaced: string;
}

/** One instance of an application, in its own process. */
export class Instance extends ChildProgram<Commands, RefreshBegan> {
  /** The tokens that its refreshes were to replace. */
  readonly replaced: string[];

  constructor() {
    const replaced: string[] = [];
    super(new URL('instance-program.ts', import.meta.url), { onEvent: (event) => replaced.push(event.replaced) });
    this.replaced = replaced;
  }
}
