import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { StorageError } from '@frameio-auth/core';
import {
  type CommitRequest,
  type DueRequest,
  foreignCode,
  type Lease,
  type LeaseRequest,
  type TokenStorage,
} from '@frameio-auth/core/adapter';

/** A call for a process: one method of one of its storages, which is opened at its first call. */
export interface Question {
  readonly id: number;
  readonly now: number;
  readonly directory: string | undefined;
  readonly handle: string;
  readonly call:
    | { readonly method: 'read'; readonly args: [key: string] }
    | { readonly method: 'lease'; readonly args: [key: string, request: LeaseRequest] }
    | { readonly method: 'renew' | 'release'; readonly args: [lease: Lease] }
    | { readonly method: 'commit'; readonly args: [key: string, request: CommitRequest] }
    | { readonly method: 'due'; readonly args: [request: DueRequest] }
    | { readonly method: 'watch'; readonly key: string }
    | { readonly method: 'unwatch'; readonly id: number }
    | { readonly method: 'close' }
    | { readonly method: 'become'; readonly umask: number; readonly uid: number };
}

export interface Answer {
  readonly id: number;
  readonly reply?: unknown;
  readonly error?: { isStorageError: boolean; name: string; code: string; message: string };
  /** A hint; there may be any number. */
  readonly version?: number;
}

/** The unprivileged user that processes of root change to. */
export const NOBODY = 65_534;

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Options of Node, such as `--permission`. */
  readonly flags?: readonly string[];
  /** Options of the shell's `ulimit` for the process, such as `-n 30`. */
  readonly limit?: string;
  /** The umask of the process. Default: 022. */
  readonly umask?: number;
  /** Whether to drop the privileges of root, if it has them. */
  readonly unprivileged?: boolean;
  readonly now?: () => number;
}

/** Another process, with storages that behave as if they were local. It runs the built packages. */
export interface StorageProcess {
  storage(directory?: string): TokenStorage;
  kill(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('process-main.ts', import.meta.url));

export async function startProcess({
  env,
  flags = [],
  limit,
  umask = 0o022,
  unprivileged = false,
  now = Date.now,
}: StartOptions = {}): Promise<StorageProcess> {
  const node = [process.execPath, ...flags, MAIN];
  const [command = '', ...args] =
    limit === undefined ? node : ['sh', '-c', `ulimit ${limit} && exec "$@"`, 'sh', ...node];
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ask = questions(child, now);
  await ask(undefined, '', { method: 'become', umask, uid: unprivileged ? NOBODY : 0 });
  let handles = 0;
  return {
    storage(directory) {
      handles += 1;
      const handle = String(handles);
      return remoteStorage((call, id) => ask(directory, handle, call, id), child);
    },
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

type Ask<Reply = unknown> = (call: Question['call'], id?: number) => Promise<Reply>;

let ids = 0;

function questions(child: ChildProcess, now: () => number) {
  const waiting = new Map<number, { resolve: (reply: unknown) => void; reject: (error: Error) => void }>();
  child.on('message', ({ id, reply, error }: Answer) => {
    if (error === undefined) waiting.get(id)?.resolve(reply);
    else
      waiting
        .get(id)
        ?.reject(
          error.isStorageError
            ? new StorageError(foreignCode(error.code), error.message)
            : new Error(`${error.name}: ${error.message}`),
        );
    waiting.delete(id);
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('The process ended without an answer.'));
  });
  return (directory: string | undefined, handle: string, call: Question['call'], id = ++ids): Promise<unknown> =>
    new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      child.send({ id, now: now(), directory, handle, call } satisfies Question);
    });
}

function remoteStorage(ask: Ask, child: ChildProcess): TokenStorage {
  let closed = false;
  return {
    read: (key) => ask({ method: 'read', args: [key] }) as ReturnType<TokenStorage['read']>,
    lease: (key, request) => ask({ method: 'lease', args: [key, request] }) as ReturnType<TokenStorage['lease']>,
    renew: (lease) => ask({ method: 'renew', args: [lease] }) as ReturnType<TokenStorage['renew']>,
    release: (lease) => ask({ method: 'release', args: [lease] }) as ReturnType<TokenStorage['release']>,
    commit: (key, request) => ask({ method: 'commit', args: [key, request] }) as ReturnType<TokenStorage['commit']>,
    due: (request) => ask({ method: 'due', args: [request] }) as ReturnType<TokenStorage['due']>,
    watch(key, listener) {
      const id = ++ids;
      let stopped = false;
      child.on('message', ({ id: about, version }: Answer) => {
        if (about === id && version !== undefined && !stopped && !closed) listener(version);
      });
      void ask({ method: 'watch', key }, id);
      return () => {
        stopped = true;
        void ask({ method: 'unwatch', id });
      };
    },
    async close() {
      closed = true;
      await ask({ method: 'close' });
    },
  };
}
