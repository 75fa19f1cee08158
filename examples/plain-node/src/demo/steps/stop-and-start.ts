import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exactly } from '../claims.ts';
import type { Message, Task } from '../stopped-program.ts';
import type { World } from '../world.ts';

const PROGRAM = fileURLToPath(new URL('../stopped-program.ts', import.meta.url));

export async function stopAndStart(world: World): Promise<void> {
  const { stage, server } = world;
  world.scene(
    'Stopped and started again',
    'A program of its own process keeps a sign-in in files, which only its user can read. It ends, and starts anew.',
  );
  const directory = await mkdtemp(join(tmpdir(), 'frameio-auth-demo-'));
  const task: Task = { origin: server.origin, directory: join(directory, 'sessions'), client: server.clients.webApp };
  try {
    const first = await run(task, (url) => server.signIn(url));
    stage.states(
      exactly(
        'restoring → unauthenticated → authorizing (awaitingRedirect, requesting, committing) → valid',
        first.states,
      ),
      'first',
    );
    const requests = exactly(1, server.count({ endpoint: 'token' }));
    stage.fact('server', `${requests} sign-in; GET /v4/me: ${exactly(200, first.status)}`);
    if (process.platform !== 'win32') {
      const mode = ((await stat(task.directory)).mode & 0o777).toString(8);
      stage.fact('files', `in a directory of mode ${exactly('700', mode)}`);
    }

    const second = await run(task, () => Promise.reject(new Error('It was signed in, and asks again.')));
    stage.states(exactly('restoring → valid', second.states), 'second');
    const more = exactly(0, server.count({ endpoint: 'token' }) - requests);
    stage.fact('server', `still signed in: ${more} token requests more; GET /v4/me: ${exactly(200, second.status)}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Runs the program to its end; its user signs in if it requests that. */
async function run(task: Task, signIn: (url: string) => Promise<string>): Promise<{ states: string; status: number }> {
  const program: ChildProcess = fork(PROGRAM);
  const ended = once(program, 'exit');
  const outcome = new Promise<{ states: string; status: number }>((resolve, reject) => {
    program.on('message', (message: Message) => {
      if ('states' in message) resolve(message);
      else signIn(message.url).then((callback) => program.send(callback), reject);
    });
    program.once('exit', (code) => reject(new Error(`The program ended with ${code} and without a word.`)));
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
