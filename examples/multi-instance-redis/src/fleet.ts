import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Message, Order, Standing } from './rounds.ts';

const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** How long any step may take, in milliseconds: far more than it needs. */
const PATIENCE = 30_000;

/** How long a token must still be valid so that no worker refreshes it during a check, in milliseconds. */
const ROOM = 1_800;

/** How a worker got the token that it serves. */
export type Source = 'began with it' | 'asked the server' | 'adopted' | 'waited, adopted';

/** Reports that the fleet does not behave as it should. */
export class BrokenFleet extends Error {
  override readonly name = 'BrokenFleet';
}

/** A token that the fleet serves or served. */
export interface SeenToken {
  readonly token: string;
  /** When it was first seen, on the clock of `performance.now()`. */
  readonly seenAt: number;
  /** The number of the worker that requested it from the server. */
  asker?: number;
}

/** A worker process, seen from outside. */
export class Worker {
  /** Its number in the fleet, from 1. */
  readonly number: number;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #fleet: Fleet;
  #standing: Standing | undefined;
  #waited = false;
  condition: 'running' | 'paused' | 'killed' = 'running';
  /** How often it requested a token from the server, and how often it adopted another worker's. */
  asked = 0;
  adopted = 0;
  source: Source | undefined;

  constructor(number: number, fleet: Fleet, env: NodeJS.ProcessEnv) {
    this.number = number;
    this.#fleet = fleet;
    // Some versions of Node warn about running TypeScript, which would disturb the display.
    this.#process = fork(PROGRAM, { env, execArgv: [...process.execArgv, '--disable-warning=ExperimentalWarning'] });
    this.#process.on('message', (message: Message) => this.#receive(message));
    this.#process.on('error', () => {}); // If a command did not arrive, the exit of the process says so.
    this.#ended = once(this.#process, 'exit');
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get standing(): Standing | undefined {
    return this.#standing;
  }

  /** Resolves to the worker's response. */
  async ask(order: Exclude<Order, { name: 'end' }>): Promise<string> {
    const over = new AbortController();
    const answered = new Promise<string>((resolve, reject) => {
      const listener = (message: Message) => {
        if (message.kind === 'answer') resolve(message.text);
        if (message.kind === 'failure') reject(new BrokenFleet(`Worker ${this.number}: ${message.text}`));
      };
      this.#process.on('message', listener);
      over.signal.addEventListener('abort', () => this.#process.off('message', listener));
    });
    const failed = async (after: Promise<unknown>, how: string) => {
      await after;
      throw new BrokenFleet(`Worker ${this.number} ${how} when it was told to ${order.name}.`);
    };
    this.#process.send(order);
    try {
      const late = failed(delay(PATIENCE, undefined, { signal: over.signal }), 'did not answer');
      return await Promise.race([answered, late, failed(this.#ended, 'was gone')]);
    } finally {
      over.abort();
    }
  }

  /** Suspends it (SIGSTOP). */
  pause(): void {
    this.#process.kill('SIGSTOP');
    this.condition = 'paused';
  }

  resume(): void {
    this.#process.kill('SIGCONT');
    this.condition = 'running';
  }

  /** Kills it, like a crash (SIGKILL). */
  async kill(): Promise<void> {
    this.condition = 'killed';
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to close its sessions and exit; kills it if it does not. */
  async end(): Promise<void> {
    if (this.condition !== 'running') return this.kill();
    this.#process.send({ name: 'end' });
    const over = new AbortController();
    const late = delay(PATIENCE, undefined, { signal: over.signal }).then(() => this.kill());
    await Promise.race([this.#ended, late.catch(() => {})]);
    over.abort();
  }

  #receive(message: Message): void {
    if (message.kind === 'refreshed') this.#fleet.note(message.token).asker = this.number;
    if (message.kind !== 'standing') return;
    const { kind: _, ...standing } = message;
    if (standing.step.endsWith('.waiting')) this.#waited = true;
    if (standing.token !== this.#standing?.token) this.#noteToken(standing.token);
    this.#standing = standing;
    this.#fleet.notifyListeners();
  }

  #noteToken(token: string): void {
    const { asker } = this.#fleet.note(token);
    if (this.#standing === undefined) {
      this.source = 'began with it';
    } else if (asker === this.number) {
      this.asked += 1;
      this.source = 'asked the server';
    } else {
      this.adopted += 1;
      this.source = this.#waited ? 'waited, adopted' : 'adopted';
    }
    this.#waited = false;
  }
}

/** The worker processes, and the tokens that they served. */
export class Fleet {
  readonly #env: NodeJS.ProcessEnv;
  readonly #workers: Worker[] = [];
  readonly #retired: Worker[] = [];
  readonly #tokens = new Map<string, SeenToken>();
  readonly #listeners = new Set<() => void>();

  /**
   * @param env - environment variables for the workers
   */
  constructor(size: number, env: Readonly<Record<string, string>>) {
    this.#env = { ...process.env, ...env };
    for (let number = 1; number <= size; number += 1) this.#workers.push(new Worker(number, this, this.#env));
  }

  get workers(): readonly Worker[] {
    return this.#workers;
  }

  /** Returns the tokens in the order in which they were first seen. */
  get tokens(): readonly SeenToken[] {
    return [...this.#tokens.values()];
  }

  /** Returns how many tokens expired. */
  get expiries(): number {
    return Math.max(0, this.#tokens.size - 1);
  }

  /** Returns how many calls of `getToken()` succeeded, including those of former workers. */
  get served(): number {
    return this.#sum(({ served }) => served);
  }

  get errors(): number {
    return this.#sum(({ errors }) => errors);
  }

  /** Returns the running workers that have reported a state. */
  get working(): readonly Worker[] {
    return this.#workers.filter(({ condition, standing }) => condition === 'running' && standing !== undefined);
  }

  /** Whether all working instances serve the newest token, and none will refresh it soon. */
  get agrees(): boolean {
    const newest = this.tokens.at(-1)?.token;
    const soon = Date.now() + ROOM;
    return this.working.every(({ standing }) => standing?.token === newest && (standing?.expiresAt ?? 0) > soon);
  }

  /** Resolves when all have started. */
  async ready(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ask({ name: 'start' })));
  }

  /** Starts a new process in place of a former one. It begins to work immediately. */
  async replace(worker: Worker): Promise<Worker> {
    this.#retired.push(worker);
    const successor = new Worker(worker.number, this, this.#env);
    this.#workers[worker.number - 1] = successor;
    await successor.ask({ name: 'work' });
    return successor;
  }

  /**
   * Resolves to the result of `look`, as soon as there is one.
   *
   * @throws BrokenFleet if a worker finds the user signed out, or if it takes too long
   */
  async until<Found>(what: string, look: () => Found | undefined | false): Promise<Found> {
    const over = new AbortController();
    let stop = () => {};
    const found = new Promise<Found>((resolve, reject) => {
      const listener = () => {
        const signedOut = this.working.find(({ standing }) => standing?.state === 'expired');
        if (signedOut !== undefined) reject(new BrokenFleet(`Worker ${signedOut.number} finds the user signed out.`));
        const result = look();
        if (result !== undefined && result !== false) resolve(result);
      };
      stop = this.onChange(listener);
      listener();
    });
    const late = delay(PATIENCE, undefined, { signal: over.signal }).then(() => {
      throw new BrokenFleet(`It did not come about that ${what}.`);
    });
    try {
      return await Promise.race([found, late]);
    } finally {
      over.abort();
      stop();
    }
  }

  /** Calls `listener` after each report of a worker. Returns a function that stops this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  /** Kills all processes immediately, without closing anything. */
  abandon(): void {
    for (const worker of this.#workers) void worker.kill();
  }

  notifyListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Records that a token was seen. */
  note(token: string): SeenToken {
    const seen = this.#tokens.get(token) ?? { token, seenAt: performance.now() };
    this.#tokens.set(token, seen);
    return seen;
  }

  #sum(figure: (standing: Standing) => number): number {
    return [...this.#workers, ...this.#retired].reduce(
      (sum, { standing }) => sum + (standing === undefined ? 0 : figure(standing)),
      0,
    );
  }
}
