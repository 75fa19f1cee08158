import { setTimeout as delay } from 'node:timers/promises';
import {
  type Answer,
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type Exchange,
  type Fault,
  fingerprint,
  startAuthorizationServer,
  startTcpProxy,
  type TcpAddress,
  type TcpProxy,
} from '@frameio-auth/testing';
import { type RandomNumbers, randomNumbers } from '../random.js';
import { type RaceEvent, tellHistory } from './history.js';
import { Findings, recoveryViolations, type Violation } from './invariants.js';
import type { Settlement } from './orders.js';
import type { RaceFault, RaceInProgress, RacingMember } from './race-fault.js';
import type { RaceProcess } from './race-process.js';
import { ProcessPool, type RaceProcesses } from './race-processes.js';
import { REQUEST_HEADER } from './witness.js';

export interface RaceOptions {
  /**
   * The module that creates the members: it exports `createMember`, see {@link CreateMember}. Node must be able to run
   * it.
   */
  readonly member: URL;
  /** The number of processes. Default: 4. */
  readonly members?: number;
  /** Determines faults, victims and calls. Default: a random one, which the report contains. */
  readonly seed?: number;
  /** How long faults occur, in milliseconds. Default: 4 000. */
  readonly duration?: number;
  /** The faults. Default: none. */
  readonly faults?: readonly RaceFault[];
  /** The average time between two faults, in milliseconds. Default: 400. */
  readonly pace?: number;
  /** How long a fault waits for a suitable request, in milliseconds. Default: 2 000. */
  readonly opportunity?: number;
  /** How long the members may take to recover after the faults, in milliseconds. Default: 20 000. */
  readonly calm?: number;
  /**
   * The longest lease that sessions are granted, in milliseconds. They request 30 s, and a race would have to wait that
   * long for the lease of a dead process. Default: 1 500.
   */
  readonly leaseTtl?: number;
  /** The authorization server. Default: like Adobe IMS, with access tokens that live for two seconds. */
  readonly server?: AuthorizationServerOptions;
  /** The longest time the server takes to respond to a token request, in milliseconds. Default: 30. */
  readonly latency?: number;
  /** The address of the storage's server, for faults that cut the route to it. */
  readonly storageAddress?: TcpAddress;
  /** Parameters for the members: JSON, or a function that returns it for each place. */
  readonly parameters?: unknown;
  /** Processes shared with other races, see `raceProcesses()`. Default: new ones, which end with the race. */
  readonly processes?: RaceProcesses;
}

/** The result of a race. It contains no secret: tokens are fingerprints. */
export interface RaceReport {
  readonly seed: number;
  /** The violated invariants, in order of time. */
  readonly violations: readonly Violation[];
  /** How many refresh tokens the server exchanged for new tokens. */
  readonly refreshes: number;
  /** How many requests with a refresh token reached the server. */
  readonly tokenRequests: number;
  /** How many of these presented a token that had been presented before. */
  readonly ambiguous: number;
  /**
   * How many of those were presented after the lease had ended, because the process had been stopped since it got it.
   */
  readonly late: number;
  /**
   * How many of those followed a lease that expired although no fault had affected its holder: this machine is slow.
   */
  readonly lapses: number;
  /** How often each fault occurred. */
  readonly strikes: Readonly<Record<string, number>>;
  /** How many tokens callers received. */
  readonly handed: number;
  /** How often callers got an error instead of a token, by its code. */
  readonly refused: Readonly<Record<string, number>>;
  /** The final state of each member. */
  readonly settlements: readonly Settlement[];
  /** How long the members took to recover, in milliseconds. */
  readonly recovery: number;
  readonly history: readonly RaceEvent[];
}

/** How long a process may take to exit before it is killed, in milliseconds. */
const FAREWELL = 5_000;

/** How long one attempt to settle may take, in milliseconds. */
const PATIENCE = 2_000;

/** How often the first sign-in is tried. */
const SIGN_INS = 10;

/**
 * Runs processes that share a session and compete for its tokens while faults occur, and checks the invariants.
 *
 * The same seed causes the same faults at the same times, and the same calls. The exact timing on the machine always
 * differs, so a seed that found something may have to run more than once.
 *
 * @throws Error if the members cannot be created, or do not use the witnesses that they are given
 */
export async function race(options: RaceOptions): Promise<RaceReport> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const server = await startAuthorizationServer({ accessTokenLifetime: 2, rotation: 'strict', ...options.server });
  const pool = (options.processes as ProcessPool | undefined) ?? new ProcessPool();
  const run = new Race(server, seed, options, pool);
  try {
    await run.begin();
    await run.strike();
    return await run.end();
  } finally {
    await run.close();
    if (options.processes === undefined) await pool.close();
    await server.close();
  }
}

/** Formats a race as text: its statistics, and the events around each violation. */
export function tellRace({ history, violations, settlements: _, ...figures }: RaceReport): string {
  const start = history[0]?.at ?? 0;
  const told = violations.map(({ invariant, at, what }) => {
    const around = tellHistory(history, start, at - 1_500, at + 200);
    return `\n${invariant}, at ${((at - start) / 1000).toFixed(3)} s: ${what}\n${around}`;
  });
  return [JSON.stringify(figures), ...told].join('\n');
}

/** A place in the race, and its current process. */
class Place implements RacingMember {
  readonly index: number;
  declare readonly storage?: TcpProxy;
  readonly #race: Race;
  process: RaceProcess;
  name: string;
  lives = 0;
  struck = false;

  constructor(race: Race, index: number, storage: TcpProxy | undefined) {
    this.index = index;
    if (storage !== undefined) this.storage = storage;
    this.#race = race;
    this.name = String(index);
    this.process = race.start();
  }

  async kill(): Promise<void> {
    await this.#race.kill(this.process);
    this.lives += 1;
    this.name = `${this.index}.${this.lives}`;
    this.process = this.#race.successor();
    await this.#race.open(this);
    await this.#race.work(this);
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
  readonly #latency: RandomNumbers;
  readonly #history: RaceEvent[] = [];
  readonly #expected = new Map<(event: RaceEvent) => boolean, (event: RaceEvent) => void>();
  readonly #tell = (event: RaceEvent) => {
    this.#history.push(event);
    for (const [isIt, resolve] of this.#expected) {
      if (!isIt(event)) continue;
      this.#expected.delete(isIt);
      resolve(event);
    }
  };
  readonly #places: Place[] = [];
  /** The processes that have a member, or had one that did not close. */
  readonly #processes = new Set<RaceProcess>();
  readonly #ending = new Set<RaceProcess>();
  readonly #proxies: TcpProxy[] = [];
  readonly #refreshTokens = new Map<string, string>();
  readonly #awaiting: ((name: string) => void)[] = [];
  readonly #awaitingFaults: { readonly fault: Fault; met(): void }[] = [];
  readonly #strikes: Record<string, number> = {};
  #next: RaceProcess | undefined;

  constructor(server: AuthorizationServer, seed: number, options: RaceOptions, pool: ProcessPool) {
    this.#server = server;
    this.#seed = seed;
    this.#options = options;
    this.#pool = pool;
    this.#latency = randomNumbers(seed + 1);
    server.faults.always('token', (exchange) => this.#answer(exchange));
  }

  get #opportunity(): number {
    return this.#options.opportunity ?? 2_000;
  }

  /** Creates the members, and signs the user in. */
  async begin(): Promise<void> {
    const { members = 4, storageAddress } = this.#options;
    for (let index = 0; index < members; index += 1) {
      const proxy = storageAddress && (await startTcpProxy({ to: storageAddress }));
      if (proxy !== undefined) this.#proxies.push(proxy);
      this.#places.push(new Place(this, index, proxy));
    }
    const [first, ...others] = this.#places;
    if (first === undefined) throw new Error('A race needs at least one member.');
    await this.open(first);
    await this.#signIn(first);
    if (!this.#history.some(({ kind }) => kind === 'storage.answered')) {
      throw new Error('The session does not use the storage that witnessStorage() returned.');
    }
    if (!this.#history.some(({ kind }) => kind === 'request.ended')) {
      throw new Error('The session does not use the transport that witnessTransport() returned.');
    }
    await Promise.all(others.map((place) => this.open(place)));
    await Promise.all(this.#places.map((place) => this.work(place)));
  }

  /** No fault has struck yet: if a sign-in fails, the machine is slower than the member's time-outs, so it is repeated. */
  async #signIn({ process }: Place): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const url = await process.order('beginSignIn', null);
        await process.order('endSignIn', await this.#server.signIn(url));
        return;
      } catch (error) {
        if (attempt === SIGN_INS) throw error;
      }
    }
  }

  /** Runs the faults at times that the seed decides, and waits until all have ended. */
  async strike(): Promise<void> {
    const { duration = 4_000, pace = 400, faults = [] } = this.#options;
    const random = randomNumbers(this.#seed);
    const under = new Map<RaceFault, Promise<void>>();
    const start = Date.now();
    let failure: unknown;
    for (let at = random() * pace; at < duration; at += random() * 2 * pace) {
      const fault = faults[Math.floor(random() * faults.length)];
      const own = randomNumbers(random() * 2 ** 32);
      await delay(Math.max(0, start + at - Date.now()));
      const occupied = [...under.keys()].some((other) => other === fault || (other.ofStorage && fault?.ofStorage));
      if (fault === undefined || occupied) continue;
      const strike = fault
        .strike(this.#inProgress(fault, own))
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => under.delete(fault));
      under.set(fault, strike);
    }
    await delay(Math.max(0, start + duration - Date.now()));
    await Promise.all(under.values());
    if (failure !== undefined) throw failure;
  }

  /** Waits until the members have recovered, and checks the invariants. */
  async end(): Promise<RaceReport> {
    const calmFrom = Date.now();
    await Promise.all(this.#places.map(({ process }) => process.order('rest', null).catch(() => {})));
    const settlements = await this.#settle(calmFrom + (this.#options.calm ?? 20_000));
    const at = Date.now();
    const honours = (token: string) => this.#server.refreshTokenIsLive(this.#refreshTokens.get(token) ?? '');
    await Promise.all(this.#places.map(({ process }) => this.#dismiss(process)));
    const history = this.#history.sort((one, other) => one.at - other.at);
    const findings = new Findings(history);
    const violations = [...findings.violations(), ...recoveryViolations(findings, { at, settlements, honours })];
    return { seed: this.#seed, violations, ...this.#figures(findings), settlements, recovery: at - calmFrom, history };
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
    process.tell = this.#tell;
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
    const { member, parameters, leaseTtl = 1_500 } = this.#options;
    const { index, name, process, storage } = place;
    const opening = {
      module: member.href,
      process: name,
      index,
      origin: this.#server.origin,
      client: this.#server.clients.webApp,
      parameters: (typeof parameters === 'function' ? parameters(index) : parameters) ?? null,
      storageAddress: storage === undefined ? null : { host: storage.host, port: storage.port },
      leaseTtl,
    };
    void process.ended.then(() => {
      this.#tell({ kind: 'process.ended', at: Date.now(), process: name, killed: this.#ending.has(process) });
    });
    this.#tell({ kind: 'process.began', at: Date.now(), process: name });
    await process.order('open', opening);
  }

  async work({ process, index, lives }: Place): Promise<void> {
    await process.order('work', { seed: this.#seed + 1_000 * index + lives });
  }

  async #dismiss(process: RaceProcess): Promise<void> {
    this.#ending.add(process);
    const closed = process.order('close', null).then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([closed, delay(FAREWELL, false, { ref: false })]))) return;
    this.#processes.delete(process);
    this.#pool.giveBack(process);
  }

  /** Asks all members until they agree that the session is valid, or that it has ended. */
  async #settle(deadline: number): Promise<Settlement[]> {
    const gone: Settlement = { valid: false, step: 'gone', cause: null, code: 'no_answer' };
    for (;;) {
      const settlements = await Promise.all(
        this.#places.map(({ process }) => {
          const settled = process.order('settle', { patience: PATIENCE }).catch(() => gone);
          return Promise.race([settled, delay(2 * PATIENCE, gone, { ref: false })]);
        }),
      );
      const [first] = settlements;
      // There is one record, so there is one ending: a member that reports another has not read it yet.
      const isOver = settlements.every(({ valid, cause }) => !valid && cause !== null && cause === first?.cause);
      if (isOver || settlements.every(({ valid }) => valid) || Date.now() > deadline) return settlements;
      await delay(100);
    }
  }

  #inProgress(fault: RaceFault, random: RandomNumbers): RaceInProgress {
    const wait = async (ms: number) => void (await delay(ms));
    return {
      server: this.#server,
      random,
      wait,
      aim: async () => {
        const [whether, which] = [random(), random()];
        if (whether < 0.5) {
          const sender = await this.#nextToRefresh();
          if (sender !== undefined) return sender;
        }
        const free = this.#places.filter(({ struck }) => !struck);
        return free[Math.floor(which * free.length)];
      },
      nextToRefresh: () => this.#nextToRefresh(),
      during: async ({ member, losesWrites = false }, goWrong) => {
        const place = member as Place | undefined;
        const about = { fault: fault.name, losesWrites, ...(place && { process: place.name }) };
        this.#strikes[fault.name] = (this.#strikes[fault.name] ?? 0) + 1;
        if (place !== undefined) place.struck = true;
        this.#tell({ kind: 'struck', at: Date.now(), ...about });
        try {
          await goWrong();
        } finally {
          this.#tell({ kind: 'healed', at: Date.now(), ...about });
          if (place !== undefined) place.struck = false;
        }
      },
      failNextAnswer: (answerFault) => {
        const met = new Promise<boolean>((resolve) => {
          this.#awaitingFaults.push({ fault: answerFault, met: () => resolve(true) });
        });
        const missed = delay(this.#opportunity, false, { ref: false }).then((result) => {
          const index = this.#awaitingFaults.findIndex(({ fault }) => fault === answerFault);
          if (index >= 0) this.#awaitingFaults.splice(index, 1);
          return result;
        });
        return Promise.race([met, missed]);
      },
      nextEvent: (isIt) => new Promise((resolve) => this.#expected.set(isIt, resolve)),
    };
  }

  async #nextToRefresh(): Promise<Place | undefined> {
    const sent = new Promise<string>((resolve) => this.#awaiting.push(resolve));
    const name = await Promise.race([sent, delay(this.#opportunity, undefined, { ref: false })]);
    return this.#places.find((place) => place.name === name && !place.struck);
  }

  /** Responds to a token request, with a delay and any waiting fault, and records the outcome. */
  async #answer(exchange: Exchange): Promise<Answer> {
    const { form, headers } = exchange.request;
    const request = headers[REQUEST_HEADER] ?? 'unknown';
    const process = request.split('-', 1)[0] ?? request;
    const refreshToken = form.get('refresh_token');
    if (refreshToken !== null) {
      const token = fingerprint(refreshToken);
      this.#tell({ kind: 'token.presented', at: Date.now(), process, request, refreshToken: token });
      for (const hear of this.#awaiting.splice(0)) hear(process);
    }
    const latency = (this.#options.latency ?? 30) / 2;
    const answered = async (): Promise<Answer> => {
      const answer = await exchange.process();
      this.#tell({ kind: 'token.decided', at: Date.now(), process, request, ...this.#decisionIn(answer) });
      return answer;
    };
    await exchange.wait(this.#latency() * latency);
    const { fault, met } = (refreshToken === null ? undefined : this.#awaitingFaults.shift()) ?? {};
    met?.();
    const answer = await (fault === undefined ? answered() : fault({ ...exchange, process: answered }));
    await exchange.wait(this.#latency() * latency);
    return answer;
  }

  #decisionIn({ status, body }: Answer) {
    if (status !== 200) return { outcome: 'refused' as const };
    const members = JSON.parse(body) as { access_token: string; refresh_token?: string; expires_in: number };
    const { access_token: accessToken, refresh_token: refreshToken } = members;
    if (refreshToken !== undefined) this.#refreshTokens.set(fingerprint(refreshToken), refreshToken);
    return {
      outcome: 'granted' as const,
      accessToken: fingerprint(accessToken),
      ...(refreshToken === undefined ? {} : { refreshToken: fingerprint(refreshToken) }),
      expiresAt: Date.now() + Number(members.expires_in) * 1000,
    };
  }

  #figures(findings: Findings) {
    const refused: Record<string, number> = {};
    let handed = 0;
    for (const event of this.#history) {
      if (event.kind === 'handed') handed += event.callers;
      if (event.kind === 'refused') refused[event.code] = (refused[event.code] ?? 0) + 1;
    }
    const { repetitions } = findings;
    const unexplained = repetitions.filter(
      (repetition) =>
        !findings.cameLate(repetition) &&
        !findings.answerWasLost(repetition.earlier) &&
        !findings.wasStruck(repetition.earlier.process, repetition.earlier.at, repetition.at),
    );
    return {
      refreshes: findings.refreshed,
      tokenRequests: findings.presentations.length,
      ambiguous: repetitions.length,
      late: repetitions.filter((repetition) => findings.cameLate(repetition)).length,
      lapses: unexplained.length,
      strikes: this.#strikes,
      handed,
      refused,
    };
  }
}
