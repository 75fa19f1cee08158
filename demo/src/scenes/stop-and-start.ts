import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exactly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import type { Message, Task } from '../restarted-process.ts';

const PROGRAM = fileURLToPath(new URL('../restarted-process.ts', import.meta.url));

export async function stopAndStart(demo: Demo): Promise<void> {
  const { output, server } = demo;
  demo.scene(
    'Stopped and started again',
    'A process keeps a sign-in in files that only its user can read. It exits, and starts again.',
  );
  const directory = await mkdtemp(join(tmpdir(), 'frameio-auth-demo-'));
  const task: Task = { origin: server.origin, directory: join(directory, 'sessions'), client: server.clients.webApp };
  try {
    const first = await run(task, (url) => server.signIn(url));
    output.states(
      exactly(
        'restoring → unauthenticated → authorizing (awaitingRedirect, requesting, committing) → valid',
        first.states,
      ),
      'first',
    );
    const requests = exactly(1, server.count({ endpoint: 'token' }));
    output.fact('server', `${requests} sign-in; GET /v4/me: ${exactly(200, first.status)}`);
    if (process.platform !== 'win32') {
      const mode = ((await stat(task.directory)).mode & 0o777).toString(8);
      output.fact('files', `in a directory with mode ${exactly('700', mode)}`);
    }

    const second = await run(task, () =>
      Promise.reject(new Error('The user was signed in, and has to sign in again.')),
    );
    output.states(exactly('restoring → valid', second.states), 'second');
    const more = exactly(0, server.count({ endpoint: 'token' }) - requests);
    output.fact('server', `still signed in: ${more} more token requests; GET /v4/me: ${exactly(200, second.status)}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Runs the process until it exits. */
async function run(task: Task, signIn: (url: string) => Promise<string>): Promise<{ states: string; status: number }> {
  const program: ChildProcess = fork(PROGRAM);
  const ended = once(program, 'exit');
  const outcome = new Promise<{ states: string; status: number }>((resolve, reject) => {
    program.on('message', (message: Message) => {
      if ('states' in message) resolve(message);
      else signIn(message.url).then((callback) => program.send(callback), reject);
    });
    program.once('exit', (code) => reject(new Error(`The process ended with ${code} and sent no message.`)));
  });
  program.send(task);
  try {
    const result = await outcome;
    await ended;
    return result;
  } finally {
    program.kill();
  }
}
