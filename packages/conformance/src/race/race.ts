import { setTimeout as delay } from 'node:timers/promises';
import {
  type AuthorizationServer,
  startAuthorizationServer,
  startTcpProxy,
  type TcpProxy,
} from '@frameio-auth/testing';
import { type RandomNumbers, randomNumbers } from '../random.js';
import type { FinalState } from './commands.js';
import { Facts } from './facts.js';
import { History } from './history.js';
import { recoveryViolations, violationsIn } from './oracle.js';
import type { RaceFault, RaceInProgress, RunningInstance } from './race-fault.js';
import type { RaceOptions } from './race-options.js';
import type { RaceProcess } from './race-process.js';
import { ProcessPool } from './race-processes.js';
import { figuresOf, type RaceReport } from './race-report.js';
import { RaceServer } from './race-server.js';

/** How long a process may take to exit before it is killed, in milliseconds. */
const CLOSE_TIMEOUT = 5_000;

/** How long one attempt to settle may take, in milliseconds. */
const SETTLE_TIMEOUT = 2_000;

/** How often the first sign-in is tried. */
const SIGN_INS = 10;

/**
 * Runs processes that share a session and compete for its tokens while faults occur, and checks the invariants.
 *
 * The same seed causes the same faults at the same times, and the same calls. The exact timing on the machine always
 * differs, so a seed that found something may have to run more than once.
 *
 * @throws Error if the instances cannot be created, or do not use the recorded storage and transport
 */
export async function race(options: RaceOptions): Promise<RaceReport> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const server = await startAuthorizationServer({ accessTokenLifetime: 2, rotation: 'strict', ...options.server });
  const pool = (options.processes as ProcessPool | undefined) ?? new ProcessPool();
  const run = new Race(server, seed, options, pool);
  try {
    await run.begin();
    await run.injectFaults();
    return await run.end();
  } finally {
    await run.close();
    if (options.processes === undefined) await pool.close();
    await server.close();
  }
}

/** A place in the race, and its current process. */
class Place implements RunningInstance {
  readonly index: number;
  declare readonly storage?: TcpProxy;
  readonly #race: Race;
  process: RaceProcess;
  name: string;
  restarts = 0;
  isAffected = false;

  constructor(race: Race, index: number, storage: TcpProxy | undefined) {
    this.index = index;
    if (storage !== undefined) this.storage = storage;
    this.#race = race;
    this.name = String(index);
    this.process = race.start();
  }

  async kill(): Promise<void> {
    await this.#race.kill(this.process);
    this.restarts += 1;
    this.name = `${this.index}.${this.restarts}`;
    this.process = this.#race.successor();
    await this.#race.open(this);
    await this.#race.startCalls(this);
  }

  pause(): void {
    this.process.signal('SIGSTOP');
  }

  resume(): void {
    this.process.signal('SIGCONT');
  }
}

class Race {
  readonly #server: AuthorizationServer;
  readonly #seed: number;
  readonly #options: RaceOptions;
  readonly #pool: ProcessPool;
  readonly #tokens: RaceServer;
  readonly #history = new History();
  readonly #places: Place[] = [];
  /** The processes that have an instance, or had one that did not close. */
  readonly #processes = new Set<RaceProcess>();
  readonly #ending = new Set<RaceProcess>();
  readonly #proxies: TcpProxy[] = [];
  readonly #faultCounts: Record<string, number> = {};
  #next: RaceProcess | undefined;

  constructor(server: AuthorizationServer, seed: number, options: RaceOptions, pool: ProcessPool) {
    this.#server = server;
    this.#seed = seed;
    this.#options = options;
    this.#pool = pool;
    const { latency = 30, opportunity = 2_000 } = options;
    this.#tokens = new RaceServer(server, { seed: seed + 1, latency, opportunity, note: this.#history.note });
  }

  /** Creates the instances, and signs the user in. */
  async begin(): Promise<void> {
    const { instances = 4, storageAddress } = this.#options;
    for (let index = 0; index < instances; index += 1) {
      const proxy = storageAddress && (await startTcpProxy({ to: storageAddress }));
      if (proxy !== undefined) this.#proxies.push(proxy);
      this.#places.push(new Place(this, index, proxy));
    }
    const [first, ...others] = this.#places;
    if (first === undefined) throw new Error('A race needs at least one instance.');
    await this.open(first);
    await this.#signIn(first);
    if (!this.#history.events.some(({ kind }) => kind === 'storage.answered')) {
      throw new Error('The session does not use the storage that recordStorage() returned.');
    }
    if (!this.#history.events.some(({ kind }) => kind === 'request.ended')) {
      throw new Error('The session does not use the transport that recordTransport() returned.');
    }
    await Promise.all(others.map((place) => this.open(place)));
    await Promise.all(this.#places.map((place) => this.startCalls(place)));
  }

  /** Signs the user in. Without faults, a sign-in fails only if the machine is slower than the time-outs, so it is retried. */
  async #signIn({ process }: Place): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const url = await process.send('beginSignIn', null);
        await process.send('endSignIn', await this.#server.signIn(url));
        return;
      } catch (error) {
        if (attempt === SIGN_INS) throw error;
      }
    }
  }

  /** Runs the faults at times that the seed decides, and waits until all have ended. */
  async injectFaults(): Promise<void> {
    const { duration = 4_000, pace = 400, faults = [] } = this.#options;
    const random = randomNumbers(this.#seed);
    const running = new Map<RaceFault, Promise<void>>();
    const start = Date.now();
    let failure: unknown;
    for (let at = random() * pace; at < duration; at += random() * 2 * pace) {
      const fault = faults[Math.floor(random() * faults.length)];
      const own = randomNumbers(random() * 2 ** 32);
      await delay(Math.max(0, start + at - Date.now()));
      const occupied = [...running.keys()].some((other) => other === fault || (other.ofStorage && fault?.ofStorage));
      if (fault === undefined || occupied) continue;
      const injected = fault
        .inject(this.#inProgress(fault, own))
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => running.delete(fault));
      running.set(fault, injected);
    }
    await delay(Math.max(0, start + duration - Date.now()));
    await Promise.all(running.values());
    if (failure !== undefined) throw failure;
  }

  /** Waits until the instances have recovered, and checks the invariants. */
  async end(): Promise<RaceReport> {
    const calmFrom = Date.now();
    await Promise.all(this.#places.map(({ process }) => process.send('stopCalls', null).catch(() => {})));
    const finalStates = await this.#settle(calmFrom + (this.#options.calm ?? 20_000));
    const at = Date.now();
    const honours = (token: string) => this.#tokens.honours(token);
    await Promise.all(this.#places.map(({ process }) => this.#closeInstance(process)));
    const history = this.#history.events.sort((one, other) => one.at - other.at);
    const facts = new Facts(history);
    const violations = [...violationsIn(facts), ...recoveryViolations(facts, { at, finalStates, honours })];
    const figures = { ...figuresOf(facts, history), faultCounts: this.#faultCounts };
    return { seed: this.#seed, violations, ...figures, finalStates, recovery: at - calmFrom, history };
  }

  /** Ends all remaining processes. */
  async close(): Promise<void> {
    if (this.#next !== undefined) this.#pool.giveBack(this.#next);
    await Promise.all([...this.#processes].map((process) => this.kill(process)));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  async kill(process: RaceProcess): Promise<void> {
    this.#ending.add(process);
    process.signal('SIGKILL');
    await process.ended;
  }

  start(): RaceProcess {
    const process = this.#pool.take();
    process.note = this.#history.note;
    this.#processes.add(process);
    return process;
  }

  /** Returns a process to replace a killed one, and starts another in advance, because that is slow. */
  successor(): RaceProcess {
    if (this.#next !== undefined) this.#pool.giveBack(this.#next);
    const process = this.start();
    this.#next = this.#pool.take();
    return process;
  }

  async open(place: Place): Promise<void> {
    const { instance, parameters, leaseTtl = 1_500 } = this.#options;
    const { index, name, process, storage } = place;
    const opening = {
      module: instance.href,
      process: name,
      index,
      origin: this.#server.origin,
      client: this.#server.clients.webApp,
      parameters: (typeof parameters === 'function' ? parameters(index) : parameters) ?? null,
      storageAddress: storage === undefined ? null : { host: storage.host, port: storage.port },
      leaseTtl,
    };
    void process.ended.then(() => {
      this.#history.note({ kind: 'process.ended', at: Date.now(), process: name, killed: this.#ending.has(process) });
    });
    this.#history.note({ kind: 'process.began', at: Date.now(), process: name });
    await process.send('open', opening);
  }

  async startCalls({ process, index, restarts }: Place): Promise<void> {
    await process.send('startCalls', { seed: this.#seed + 1_000 * index + restarts });
  }

  async #closeInstance(process: RaceProcess): Promise<void> {
    this.#ending.add(process);
    const closed = process.send('close', null).then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([closed, delay(CLOSE_TIMEOUT, false, { ref: false })]))) return;
    this.#processes.delete(process);
    this.#pool.giveBack(process);
  }

  /** Asks all instances until they agree that the session is valid, or that it has ended. */
  async #settle(deadline: number): Promise<FinalState[]> {
    const gone: FinalState = { valid: false, step: 'gone', cause: null, code: 'no_answer' };
    for (;;) {
      const finalStates = await Promise.all(
        this.#places.map(({ process }) => {
          const settled = process.send('settle', { timeout: SETTLE_TIMEOUT }).catch(() => gone);
          return Promise.race([settled, delay(2 * SETTLE_TIMEOUT, gone, { ref: false })]);
        }),
      );
      const [first] = finalStates;
      // There is one record, so there is one ending: an instance that reports another has not read it yet.
      const isOver = finalStates.every(({ valid, cause }) => !valid && cause !== null && cause === first?.cause);
      if (isOver || finalStates.every(({ valid }) => valid) || Date.now() > deadline) return finalStates;
      await delay(100);
    }
  }

  #inProgress(fault: RaceFault, random: RandomNumbers): RaceInProgress {
    const wait = async (ms: number) => void (await delay(ms));
    return {
      server: this.#server,
      random,
      wait,
      pickInstance: async () => {
        const [whether, which] = [random(), random()];
        if (whether < 0.5) {
          const sender = await this.#nextToRefresh();
          if (sender !== undefined) return sender;
        }
        const free = this.#places.filter(({ isAffected }) => !isAffected);
        return free[Math.floor(which * free.length)];
      },
      nextToRefresh: () => this.#nextToRefresh(),
      during: async ({ instance, losesWrites = false }, fail) => {
        const place = instance as Place | undefined;
        const about = { fault: fault.name, losesWrites, ...(place && { process: place.name }) };
        this.#faultCounts[fault.name] = (this.#faultCounts[fault.name] ?? 0) + 1;
        if (place !== undefined) place.isAffected = true;
        this.#history.note({ kind: 'fault.began', at: Date.now(), ...about });
        try {
          await fail();
        } finally {
          this.#history.note({ kind: 'fault.ended', at: Date.now(), ...about });
          if (place !== undefined) place.isAffected = false;
        }
      },
      failNextResponse: (answerFault) => this.#tokens.failNextResponse(answerFault),
      nextEvent: (isIt) => this.#history.next(isIt),
    };
  }

  async #nextToRefresh(): Promise<Place | undefined> {
    const name = await this.#tokens.nextToRefresh();
    return this.#places.find((place) => place.name === name && !place.isAffected);
  }
}
