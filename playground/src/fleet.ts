import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { InstanceSettings, NumberedOrder, Order, Report, Standing } from './messages.ts';

const PROGRAM = fileURLToPath(new URL('./instance.ts', import.meta.url));

/** How long anything may take before it counts as hanging, in milliseconds: many times what it needs on a busy machine. */
const PATIENCE = 120_000;

export type Condition = 'starting' | 'running' | 'paused' | 'gone';

/** Says that an instance did not do what it was asked to, or in time. */
export class Unfulfilled extends Error {
  /** What the instance says is wrong, if it said something. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** An instance as it is seen from outside: a process that can be frozen and killed, and started again in its place. */
export class Instance {
  readonly number: number;
  readonly #changed: () => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #orders = 0;
  condition: Condition = 'gone';
  standing: Standing | undefined;
  /** Since the playground began, over all processes of this instance. */
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
    // Some lines of Node warn that they run TypeScript.
    const child = fork(PROGRAM, [], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.#process = child;
    this.standing = undefined;
    this.#become('starting');
    child.on('message', (report: Report) => this.#hear(report));
    child.on('error', () => {}); // An order that did not reach it: its end tells the rest.
    this.#ended = once(child, 'exit').then(() => {
      this.#become('gone');
      for (const { reject } of this.#waiting.values()) reject(new Unfulfilled(`Instance ${this.number} is gone.`));
    });
    await this.ask({ name: 'begin', settings });
    this.#become('running');
  }

  /** @throws Unfulfilled */
  async ask(order: Order): Promise<string> {
    this.#orders += 1;
    const id = this.#orders;
    const answer = Promise.withResolvers<string>();
    this.#waiting.set(id, answer);
    const late = setTimeout(() => answer.reject(new Unfulfilled(`Instance ${this.number} did not answer.`)), PATIENCE);
    try {
      this.tell({ id, order });
      return await answer.promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  /** What time it is has to reach a paused instance too; it hears of it when it goes on. */
  moveOn(ms: number): void {
    if (this.condition !== 'gone') this.tell({ id: 0, order: { name: 'moveOn', ms } });
  }

  tell(order: NumberedOrder): void {
    if (this.#process?.connected) this.#process.send(order);
  }

  /** Freezes it (SIGSTOP). */
  pause(): void {
    this.#process?.kill('SIGSTOP');
    this.#become('paused');
  }

  /** Lets it go on (SIGCONT). */
  resume(): void {
    this.#process?.kill('SIGCONT');
    this.#become('running');
  }

  /** Ends it as a crash does (SIGKILL). */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  /** Has it close its session and end; kills it when it does not. */
  async end(): Promise<void> {
    if (this.condition === 'running') await this.ask({ name: 'end' }).catch(() => {});
    const over = new AbortController();
    const late = this.condition === 'running' ? delay(2_000, undefined, { signal: over.signal }) : Promise.resolve();
    await Promise.race([this.#ended, late.then(() => this.kill()).catch(() => {})]);
    over.abort();
  }

  /** Ends it at once, without a look at what becomes of it. */
  abandon(): void {
    this.#process?.kill('SIGKILL');
  }

  #become(condition: Condition): void {
    this.condition = condition;
    this.#changed();
  }

  #hear(report: Report): void {
    switch (report.kind) {
      case 'answer':
        this.#waiting.get(report.id)?.resolve(report.text);
        return;
      case 'failure':
        this.#waiting
          .get(report.id)
          ?.reject(new Unfulfilled(`Instance ${this.number} says ${report.code}.`, report.code));
        return;
      case 'standing':
        this.standing = report.standing;
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

  /** Whether somebody is signed in, as far as the instances know that run. */
  get isSignedIn(): boolean {
    return this.running.some(({ standing }) => standing?.state === 'valid' || standing?.state === 'refreshing');
  }

  /** The token that all running instances serve; `undefined` while they serve none, or not the same. */
  get token(): string | undefined {
    const tokens = new Set(this.running.map(({ standing }) => standing?.token ?? ''));
    const [token] = tokens;
    return tokens.size === 1 && token !== '' ? token : undefined;
  }

  /** Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves as soon as there is something.
   *
   * @throws Unfulfilled when that takes too long
   */
  async until<Found>(what: string, find: () => Found | undefined | false): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    const look = () => {
      const found = find();
      if (found !== undefined && found !== false) resolve(found);
    };
    const late = setTimeout(() => reject(new Unfulfilled(`It did not happen in time that ${what}.`)), PATIENCE);
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
