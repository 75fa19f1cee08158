import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command, Commands, Message } from './commands.js';
import type { RaceEvent } from './history.js';

/** The built file, wherever this one is: plain Node cannot resolve the imports of the source. */
const CHILD = fileURLToPath(new URL('../../dist/race/child.js', import.meta.url));

interface Waiter {
  readonly command: keyof Commands;
  resolve(result: never): void;
  reject(error: Error): void;
}

/** A process of the race, as its parent sees it. */
export class RaceProcess {
  readonly #child: ChildProcess;
  readonly #waiters = new Map<number, Waiter>();
  readonly ended: Promise<unknown>;
  /** Receives the events of the process's current race. */
  note: (event: RaceEvent) => void = () => {};
  #commands = 0;

  constructor() {
    this.#child = fork(CHILD, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    // Its last messages may arrive after the event of its exit.
    this.ended = Promise.all([once(this.#child, 'exit'), once(this.#child, 'disconnect')]);
    this.#child.on('message', (message: Message) => {
      if ('event' in message) this.note(message.event);
      else this.#settle(message);
    });
    void this.ended.then(() => {
      for (const { reject } of this.#waiters.values()) reject(new Error('The process has ended.'));
      this.#waiters.clear();
    });
  }

  /** Rejects with the error's code, without its message, or if the process ends before it responds. */
  send<Name extends keyof Commands>(
    name: Name,
    argument: Commands[Name]['argument'],
  ): Promise<Commands[Name]['result']> {
    return new Promise((resolve, reject) => {
      this.#commands += 1;
      const id = this.#commands;
      this.#waiters.set(id, { command: name, resolve, reject });
      this.#child.send({ id, name, argument } satisfies Command<Name>, (error) => {
        if (error !== null && this.#waiters.delete(id)) reject(error);
      });
    });
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  #settle(message: Exclude<Message, { event: RaceEvent }>): void {
    const waiter = this.#waiters.get(message.id);
    this.#waiters.delete(message.id);
    if ('error' in message) waiter?.reject(new Error(`A instance failed to ${waiter.command}: ${message.error}.`));
    else waiter?.resolve(message.result as never);
  }
}
