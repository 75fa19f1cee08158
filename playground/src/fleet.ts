import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Command, InstanceSettings, NumberedCommand, Report, SessionStatus } from './messages.ts';

const PROGRAM = fileURLToPath(new URL('./instance.ts', import.meta.url));

/**
 * How long any step may take before it counts as hanging, in milliseconds: many times what it needs on a busy machine.
 */
const PATIENCE = 120_000;

export type Condition = 'starting' | 'running' | 'paused' | 'gone';

/** Reports that an instance did not do what was requested, or not in time. */
export class InstanceError extends Error {
  /** The error code that the instance reported, if any. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** An instance, seen from outside: a process that can be paused, killed and started again in its place. */
export class Instance {
  readonly number: number;
  readonly #changed: () => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #commands = 0;
  condition: Condition = 'gone';
  status: SessionStatus | undefined;
  /** Since the playground started, over all processes of this instance. */
  readonly counts = { refreshes: 0, calls: 0, failedCalls: 0 };
  user = '';

  constructor(number: number, changed: () => void) {
    this.number = number;
    this.#changed = changed;
  }

  get name(): string {
    return `instance-${this.number}`;
  }

  get pid(): number | undefined {
    return this.condition === 'gone' ? undefined : this.#process?.pid;
  }

  async start(settings: InstanceSettings): Promise<void> {
    // Some versions of Node warn about running TypeScript.
    const child = fork(PROGRAM, [], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.#process = child;
    this.status = undefined;
    this.#become('starting');
    child.on('message', (report: Report) => this.#onReport(report));
    child.on('error', () => {}); // If a command did not arrive, the exit of the process says so.
    this.#ended = once(child, 'exit').then(() => {
      this.#become('gone');
      for (const { reject } of this.#waiting.values()) reject(new InstanceError(`Instance ${this.number} has ended.`));
    });
    await this.ask({ name: 'begin', settings });
    this.#become('running');
  }

  /** @throws InstanceError */
  async ask(command: Command): Promise<string> {
    this.#commands += 1;
    const id = this.#commands;
    const answer = Promise.withResolvers<string>();
    this.#waiting.set(id, answer);
    const late = setTimeout(
      () => answer.reject(new InstanceError(`Instance ${this.number} did not respond.`)),
      PATIENCE,
    );
    try {
      this.send({ id, command });
      return await answer.promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  /** A paused instance needs the new time too; it gets the message when it resumes. */
  advance(ms: number): void {
    if (this.condition !== 'gone') this.send({ id: 0, command: { name: 'advance', ms } });
  }

  send(command: NumberedCommand): void {
    if (this.#process?.connected) this.#process.send(command);
  }

  /** Suspends it (SIGSTOP). */
  pause(): void {
    this.#process?.kill('SIGSTOP');
    this.#become('paused');
  }

  /** Resumes it (SIGCONT). */
  resume(): void {
    this.#process?.kill('SIGCONT');
    this.#become('running');
  }

  /** Kills it, like a crash (SIGKILL). */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to close its session and exit; kills it if it does not. */
  async end(): Promise<void> {
    if (this.condition === 'running') await this.ask({ name: 'end' }).catch(() => {});
    const over = new AbortController();
    const late = this.condition === 'running' ? delay(2_000, undefined, { signal: over.signal }) : Promise.resolve();
    await Promise.race([this.#ended, late.then(() => this.kill()).catch(() => {})]);
    over.abort();
  }

  /** Kills it immediately, without waiting. */
  abandon(): void {
    this.#process?.kill('SIGKILL');
  }

  #become(condition: Condition): void {
    this.condition = condition;
    this.#changed();
  }

  #onReport(report: Report): void {
    switch (report.kind) {
      case 'answer':
        this.#waiting.get(report.id)?.resolve(report.text);
        return;
      case 'failure':
        this.#waiting
          .get(report.id)
          ?.reject(new InstanceError(`Instance ${this.number} reported ${report.code}.`, report.code));
        return;
      case 'status':
        this.status = report.status;
        break;
      case 'refreshed':
        this.counts.refreshes += 1;
        break;
      case 'called':
        this.counts.calls += 1;
        if (!report.succeeded) this.counts.failedCalls += 1;
        this.user = report.user ?? this.user;
        break;
    }
    this.#changed();
  }
}

/** The instances. */
export class Fleet {
  readonly instances: readonly Instance[];
  readonly #listeners = new Set<() => void>();

  constructor(size: number) {
    const changed = () => {
      for (const listener of [...this.#listeners]) listener();
    };
    this.instances = Array.from({ length: size }, (_, index) => new Instance(index + 1, changed));
  }

  get running(): readonly Instance[] {
    return this.instances.filter(({ condition }) => condition === 'running');
  }

  /** Whether a user is signed in, according to the running instances. */
  get isSignedIn(): boolean {
    return this.running.some(({ status }) => status?.state === 'valid' || status?.state === 'refreshing');
  }

  /** Returns the token that all running instances serve; `undefined` if they serve none or different ones. */
  get token(): string | undefined {
    const tokens = new Set(this.running.map(({ status }) => status?.token ?? ''));
    const [token] = tokens;
    return tokens.size === 1 && token !== '' ? token : undefined;
  }

  /** Returns a function that removes the listener. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves to the result of `find`, as soon as there is one.
   *
   * @throws InstanceError if that takes too long
   */
  async until<Found>(what: string, find: () => Found | undefined | false): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    const look = () => {
      const found = find();
      if (found !== undefined && found !== false) resolve(found);
    };
    const late = setTimeout(() => reject(new InstanceError(`Timed out waiting until ${what}.`)), PATIENCE);
    const forget = this.onChange(look);
    try {
      look();
      return await promise;
    } finally {
      clearTimeout(late);
      forget();
    }
  }

  abandon(): void {
    for (const instance of this.instances) instance.abandon();
  }
}
