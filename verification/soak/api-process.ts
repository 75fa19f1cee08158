import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Addresses, Question, Questions, Reply } from './messages.ts';

/** The servers, in a process of their own: what they remember is not counted. */
export interface ApiProcess extends Addresses {
  ask<Name extends keyof Questions>(name: Name, takes: Questions[Name]['takes']): Promise<Questions[Name]['gives']>;
  /** Resolves when it is gone. */
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('api.ts', import.meta.url));

export async function startApi(seed: number): Promise<ApiProcess> {
  const child = fork(PROGRAM, [String(seed)], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const died = exited.then(([code]) => {
    throw new Error(`The process of the API is gone (${code}).`);
  });
  died.catch(() => {}); // Callers that wait for a response get the error.
  const [addresses] = (await Promise.race([once(child, 'message'), died])) as [Addresses];

  const waiting = new Map<number, (gives: never) => void>();
  child.on('message', ({ number, gives }: Reply) => {
    waiting.get(number)?.(gives as never);
    waiting.delete(number);
  });
  let questions = 0;
  return {
    ...addresses,
    ask(name, takes) {
      questions += 1;
      const question: Question<typeof name> = { number: questions, name, takes };
      const answered = new Promise<Questions[typeof name]['gives']>((resolve) => waiting.set(question.number, resolve));
      child.send(question);
      return Promise.race([answered, died]);
    },
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}
