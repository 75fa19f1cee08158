import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from './compile-cache.ts';

/** The commands of a program, each with the types of its argument and its result. */
export type CommandTypes<Commands> = { [Name in keyof Commands]: { argument: unknown; result: unknown } };

interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Message =
  | { readonly event: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

interface ChildOptions<Event> {
  readonly args?: readonly string[];
  readonly onEvent?: (event: Event) => void;
}

/** A child process on the built packages that carries out commands, see {@link answerCommands}. */
export class ChildProgram<Commands extends CommandTypes<Commands>, Event = never> {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>();
  #calls = 0;

  constructor(program: URL, { args = [], onEvent }: ChildOptions<Event> = {}) {
    this.#child = fork(fileURLToPath(program), args, {
      env: { ...process.env, ...COMPILE_CACHE },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (message: Message) => {
      if ('event' in message) onEvent?.(message.event as Event);
      else this.#settle(message);
    });
    void this.#exited.then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The process has ended.'));
    });
  }

  /** Rejects if the command fails, or if the process ends before it responds. */
  call<Name extends keyof Commands & string>(
    name: Name,
    argument: Commands[Name]['argument'],
  ): Promise<Commands[Name]['result']> {
    return new Promise((resolve, reject) => {
      this.#calls += 1;
      this.#waiting.set(this.#calls, { resolve, reject });
      this.#child.send({ id: this.#calls, name, argument } satisfies Call, (error) => error && reject(error));
    });
  }

  /** Disconnects, and resolves when the process has exited. */
  async stop(): Promise<void> {
    this.#child.disconnect();
    await this.#exited;
  }

  /** Kills the process (SIGKILL), and resolves when it has exited. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #settle(message: Exclude<Message, { event: unknown }>): void {
    const waiter = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message) waiter?.reject(new Error(message.error));
    else waiter?.resolve(message.result as never);
  }
}

type Handlers<Commands extends CommandTypes<Commands>> = {
  readonly [Name in keyof Commands]: (argument: Commands[Name]['argument']) => Promise<Commands[Name]['result']>;
};

/** Carries out the commands of the parent process, in a child process. */
export function answerCommands<Commands extends CommandTypes<Commands>>(handlers: Handlers<Commands>): void {
  process.on('message', ({ id, name, argument }: Call) => {
    handlers[name as keyof Commands](argument as never).then(
      (result) => send({ id, result }),
      (error: Error) => send({ id, error: `${error.name}: ${error.message}` }),
    );
  });
}

/** Reports an event to the parent process. */
export function reportEvent(event: unknown): void {
  send({ event });
}

function send(message: Message): void {
  process.send?.(message);
}
