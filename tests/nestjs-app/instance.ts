import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../examples/nestjs-app/dist/main.js', import.meta.url));

/** The application, as `npm start` in its folder starts it: a process of its own, built, on the built packages. */
export class Instance {
  /** Where users go. */
  readonly home: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = '';

  private constructor(port: number, env: Readonly<Record<string, string>>) {
    this.home = `https://localhost:${port}`;
    const { NODE_COMPILE_CACHE } = process.env;
    this.#process = spawn(process.execPath, [main, '--port', String(port)], {
      env: { NODE_COMPILE_CACHE, NO_COLOR: '1', ...env },
    });
    this.#ended = once(this.#process, 'close');
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
  }

  /** Resolves when it listens. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<Instance> {
    const instance = new Instance(await freePort(), env);
    await instance.#listens();
    return instance;
  }

  /** Everything that it has printed. */
  get said(): string {
    return this.#said;
  }

  /** Ends it. Default: as an orchestrator does. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#process.kill(signal);
    await this.#ended;
  }

  async #listens(): Promise<void> {
    const { stdout } = this.#process;
    while (!this.#said.includes('It signs in at ')) {
      const ended = await Promise.race([
        stdout && once(stdout, 'data').then(() => false),
        this.#ended.then(() => true),
      ]);
      if (ended) throw new Error(`The application did not start:\n${this.#said}`);
    }
  }
}

/** Resolves to a free port. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
