import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EndingCause } from '@frameio-auth/core';
import type { FictionalWebApp } from '@frameio-auth/testing';
import { COMPILE_CACHE } from '../compile-cache.ts';

/** Where an application stores its sessions, and which server it uses. */
export interface Application {
  readonly directory: string;
  readonly origin: string;
  readonly client: FictionalWebApp;
  /** The time of its clock, which stands still. Default: the system's clock. */
  readonly now?: number;
}

/** How a refresh ended: with a token, or without one, and then by which ending of the session. */
export type Refreshed = { readonly token: string } | { readonly ending: EndingCause | 'none' };

/** What a process can be ordered to do. */
export interface Orders {
  open: { takes: Application; gives: null };
  getTokens: { takes: { readonly callers: number }; gives: string[] };
  refresh: { takes: null; gives: Refreshed };
  /** Moves the clock on, and gives what it shows then. */
  pass: { takes: { readonly milliseconds: number }; gives: number };
  /** Increments the number in a record, and gives the versions that its commits made. */
  increment: { takes: { readonly directory: string; readonly key: string; readonly times: number }; gives: number[] };
  /** Takes a record's lease repeatedly, and returns how often another process had it at the same time. */
  lead: { takes: { readonly directory: string; readonly key: string; readonly times: number }; gives: number };
}

export interface Order<Name extends keyof Orders> {
  readonly id: number;
  readonly name: Name;
  readonly order: Orders[Name]['takes'];
}

export interface Answer {
  readonly id: number;
  readonly reply?: unknown;
  readonly error?: string;
  /** A refresh begins, in place of this token. */
  readonly begun?: string;
}

/** A process of this host, on the built packages. */
export interface Member {
  /** Rejects if the process is killed before it responds. */
  order<Name extends keyof Orders>(name: Name, order: Orders[Name]['takes']): Promise<Orders[Name]['gives']>;
  /** The tokens that its refreshes were to replace. */
  readonly begun: readonly string[];
  /** Resolves when it is dead. */
  kill(): Promise<void>;
}

const MEMBER = fileURLToPath(new URL('member.ts', import.meta.url));

export function startMember(): Member {
  const child = fork(MEMBER, {
    env: { ...process.env, ...COMPILE_CACHE },
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve(reply: never): void; reject(error: Error): void }>();
  const begun: string[] = [];
  const exited = once(child, 'exit');
  let ids = 0;
  child.on('message', (answer: Answer) => {
    if (answer.begun !== undefined) {
      begun.push(answer.begun);
      return;
    }
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error === undefined) waiter?.resolve(answer.reply as never);
    else waiter?.reject(new Error(answer.error));
  });
  void exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('The process was killed.'));
  });
  return {
    order: (name, order) =>
      new Promise((resolve, reject) => {
        ids += 1;
        waiting.set(ids, { resolve, reject });
        const sent: Order<typeof name> = { id: ids, name, order };
        child.send(sent, (error) => error && reject(error));
      }),
    begun,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
