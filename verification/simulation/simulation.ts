import type { StoredRecord } from '@frameio-auth/core/adapter';
import { ActiveFaults } from './active-faults.ts';
import { Application } from './application.ts';
import { Chance } from './chance.ts';
import { type CallOutcome, type Event, History, SESSION } from './history.ts';
import { Instance, type InstanceDependencies } from './instance.ts';
import type { Violation } from './invariants.ts';
import { instanceClock, MachineClock, wallClock } from './machine-clock.ts';
import { type Mutant, type Mutation, mutants } from './mutants.ts';
import { Oracle } from './oracle.ts';
import type { Entry, EntryOf, Plan } from './plan.ts';
import { withPromptDigests } from './prompt-digests.ts';
import { serverConnection } from './server-connection.ts';
import { SimulatedServer } from './simulated-server.ts';
import { SimulatedStorage } from './simulated-storage.ts';
import { holdingOf, recordNameOf, storageConnection } from './storage-connection.ts';
import { TokenLedger } from './token-ledger.ts';
import { VirtualTime } from './virtual-time.ts';

/** The result of a run. */
export interface Outcome {
  readonly plan: Plan;
  readonly events: readonly Event[];
  /** The first violation. */
  readonly violation?: Violation;
  /** How long it lasted, in milliseconds of virtual time. */
  readonly lasted: number;
}

/** The start of all runs. */
const BEGINNING = Date.UTC(2026, 0, 1);

const EXACT = { ahead: 0, fast: 0 };

/**
 * When, after the last fault, all instances are asked for a token. The last time, each must have one, including an
 * instance that has just started.
 */
const ROUNDS = [5, 8, 11].map((minutes) => minutes * 60_000);
/** How long the last of these calls may take. */
const LAST_CALLS = 2 * 60_000;

/** Runs a plan, and stops at the first violation. */
export async function simulate(plan: Plan, mutant?: Mutant): Promise<Outcome> {
  const world = new World(plan, mutant);
  const unhandled = (reason: unknown) => world.oracle.report('nothing unhandled', String(reason));
  process.on('unhandledRejection', unhandled);
  try {
    await withPromptDigests(() => world.run());
  } finally {
    process.off('unhandledRejection', unhandled);
  }
  const { violation } = world.oracle;
  const { events, now } = world.history;
  return { plan, events, ...(violation && { violation }), lasted: now };
}

class World {
  readonly oracle: Oracle;
  readonly history: History;
  readonly #plan: Plan;
  readonly #time = new VirtualTime(BEGINNING);
  readonly #chance: Chance;
  readonly #faults: ActiveFaults;
  readonly #ledger: TokenLedger;
  readonly #storage: SimulatedStorage;
  readonly #application: Application;
  readonly #dependencies: InstanceDependencies;
  readonly #storageClock: MachineClock;
  /** By place, like the instances. */
  readonly #machines: MachineClock[];
  readonly #instances: Instance[] = [];
  readonly #generations: number[] = [];

  constructor(plan: Plan, mutant: Mutant | undefined) {
    const { parameters } = plan;
    const time = this.#time;
    const now = () => time.now;
    const chance = new Chance(plan.seed);
    const history = new History(() => time.now - BEGINNING);
    const faults = new ActiveFaults(chance, now);
    const ledger = new TokenLedger(parameters, now);
    const storageClock = new MachineClock(time, BEGINNING, EXACT);
    const storage = new SimulatedStorage(
      () => storageClock.wall,
      () => storageClock.monotonic,
    );
    const server = new SimulatedServer(ledger, faults, history, parameters);
    this.#plan = plan;
    this.history = history;
    this.#chance = chance;
    this.#faults = faults;
    this.#ledger = ledger;
    this.#storage = storage;
    this.#storageClock = storageClock;
    this.#machines = parameters.clocks.map((error) => new MachineClock(time, BEGINNING, error));
    this.#application = new Application({ time, chance, history, ledger, flow: parameters.flow });
    const { serverLatency, serverTimeout, storageLatency, storageTimeout: timeout, hintLatency } = parameters;
    const mutation: Mutation = mutant === undefined ? {} : mutants[mutant];
    const clockOf = mutation.wallClock ? wallClock : instanceClock;
    this.#dependencies = {
      time,
      chance,
      history,
      parameters,
      clockOf: (instance) => clockOf(time, instance.machine, instance),
      transportOf: (instance) => {
        const route = { time, chance, faults, history, server, latency: serverLatency, timeout: serverTimeout };
        return serverConnection({ ...route, ...mutation }, instance);
      },
      storageOf: (instance) => {
        const route = { time, chance, faults, history, storage, latency: storageLatency, hintLatency, timeout };
        const connection = storageConnection({ ...route, ...mutation }, instance);
        return mutation.mutateStorage?.(connection) ?? connection;
      },
    };
    this.oracle = new Oracle({
      ledger,
      parameters,
      now: () => history.now,
      pending: () => this.#application.pending,
    });
    history.listen((event) => this.oracle.observe(event));
  }

  async run(): Promise<void> {
    const { parameters, entries } = this.#plan;
    for (const place of parameters.clocks.keys()) this.#start(place);
    for (const entry of entries) {
      if (!('instance' in entry) || (entry.instance ?? 0) < parameters.clocks.length) {
        this.#time.after(entry.at, () => this.#carryOut(entry));
      }
    }
    await this.#recover();
  }

  /** Advances time to a moment, or to the first violation. */
  async #pass(until: number): Promise<void> {
    if (this.oracle.violation !== undefined) return;
    try {
      await this.#time.runUntil(BEGINNING + until, () => {
        this.oracle.checkPending();
        return this.oracle.violation === undefined;
      });
    } catch (error) {
      this.oracle.report('nothing unhandled', String(error));
    }
  }

  async #recover(): Promise<void> {
    const { duration } = this.#plan.parameters;
    const outcomes = new Map<string, CallOutcome>();
    for (const round of ROUNDS) {
      this.#time.after(duration + round, () => {
        outcomes.clear();
        if (round === Math.max(...ROUNDS)) this.#start(this.#instances.length);
        for (const instance of this.#instances) {
          void this.#application.call(instance, 'use').then((outcome) => outcomes.set(instance.name, outcome));
        }
      });
    }
    await this.#pass(duration + Math.max(...ROUNDS) + LAST_CALLS);
    if (this.oracle.violation === undefined) this.#checkRecovery(outcomes);
  }

  #checkRecovery(outcomes: ReadonlyMap<string, CallOutcome>): void {
    const honours = this.oracle.honours(
      holdingOf(this.#record),
      this.#instances.map(({ name }) => name),
    );
    for (const { name, auth } of this.#instances) {
      const outcome = outcomes.get(name);
      const reportsEnding = outcome !== undefined && 'error' in outcome && ENDING_ERRORS.includes(outcome.error);
      const state = auth.snapshot.step;
      if (outcome === undefined) {
        this.oracle.report('recovery', `${name} is ${state} and has not answered.`);
      } else if ('accepted' in outcome && outcome.accepted) {
      } else if (honours && !(reportsEnding && this.oracle.excuses(name))) {
        this.oracle.report('recovery', `${name} is ${state}, though the server honours the session.`);
      } else if (!reportsEnding) {
        this.oracle.report('recovery', `${name} is ${state}, and does not say that the session has ended.`);
      }
    }
  }

  #carryOut(entry: Entry): void {
    switch (entry.kind) {
      case 'call':
        if (entry.call === 'visit' && this.#plan.parameters.flow === 'user') this.#visit(entry);
        else void this.#application.call(this.#at(entry.instance), entry.call);
        break;
      case 'crash': {
        const instance = this.#at(entry.instance);
        this.#die(instance);
        this.#time.after(entry.lasts, () => this.#startInPlaceOf(instance));
        break;
      }
      case 'restart': {
        const instance = this.#at(entry.instance);
        void this.#application.call(instance, 'close').then(() => this.#die(instance));
        this.#time.after(entry.lasts, () => this.#startInPlaceOf(instance));
        break;
      }
      case 'pause': {
        const instance = this.#at(entry.instance);
        if (!instance.isAlive || instance.isPaused) break;
        const asleep = entry.asleep === true;
        instance.pause(asleep);
        this.history.note({ kind: 'paused', who: instance.name, asleep });
        this.#time.after(entry.lasts, () => {
          if (!instance.isAlive) return;
          this.history.note({ kind: 'resumed', who: instance.name });
          instance.resume(entry.lasts, entry.timersFirst);
        });
        break;
      }
      case 'clock':
        this.history.note({ kind: 'fault began', entry });
        (entry.instance === undefined ? this.#storageClock : this.#machines[entry.instance])?.set(entry.by);
        break;
      case 'failover':
      case 'data loss':
        this.history.note({ kind: 'fault began', entry });
        this.#lose(entry.loses);
        this.#faults.begin(entry);
        this.#time.after(entry.lasts, () => {
          this.#faults.end(entry);
          this.history.note({ kind: 'fault ended', entry });
          this.#storage.comeBack(entry.lasts);
        });
        break;
      case 'user revokes':
        this.history.note({ kind: 'fault began', entry });
        this.#ledger.revokeUser();
        break;
      case 'access tokens end':
        this.history.note({ kind: 'fault began', entry });
        this.#ledger.endAccessTokens();
        break;
      default:
        this.history.note({ kind: 'fault began', entry });
        this.#faults.begin(entry);
        this.#time.after(entry.lasts, () => {
          this.#faults.end(entry);
          this.history.note({ kind: 'fault ended', entry });
        });
    }
  }

  /** Sends a user to the server to sign in, who returns to any instance. */
  #visit({ instance, at }: EntryOf<'call'>): void {
    const back = this.#chance.within(`back ${instance}`, at, [0, this.#instances.length - 1]);
    void this.#application.visit(this.#at(instance), () => this.#at(back));
  }

  /**
   * @param loses - how many milliseconds of writes; `undefined`: all
   */
  #lose(loses: number | undefined): void {
    const before = this.#record;
    if (loses === undefined) this.#storage.empty();
    else this.#storage.rewind(loses);
    const after = this.#record;
    if (before?.version === after?.version) return;
    this.history.note({ kind: 'writes lost', before: holdingOf(before), after: holdingOf(after) });
  }

  get #record(): StoredRecord | undefined {
    const key = this.#storage.keys.find((each) => recordNameOf(each) === SESSION);
    return key === undefined ? undefined : this.#storage.read(key).record;
  }

  #at(place: number): Instance {
    return this.#instances[place] as Instance;
  }

  #start(place: number): void {
    const generation = (this.#generations[place] ?? 0) + 1;
    this.#generations[place] = generation;
    this.#machines[place] ??= new MachineClock(this.#time, BEGINNING, EXACT);
    const instance = new Instance(place, generation, this.#machines[place], this.#dependencies);
    this.#instances[place] = instance;
    this.history.note({ kind: 'started', who: instance.name });
  }

  /** Does nothing if another one has already replaced it. */
  #startInPlaceOf(instance: Instance): void {
    if (this.#at(instance.place) === instance) this.#start(instance.place);
  }

  #die(instance: Instance): void {
    if (!instance.isAlive) return;
    instance.die();
    this.history.note({ kind: 'died', who: instance.name });
  }
}

/** The errors with which a session says that it has ended. */
const ENDING_ERRORS: readonly string[] = ['TokenExpiredError', 'AuthenticationError'];
