import type { TcpProxy } from '@frameio-auth/testing';
import { type AuthorizationServer, fault as answerFault, type Fault } from '@frameio-auth/testing';
import type { RaceEvent } from './history.js';

/** A failure that occurs repeatedly in a race. */
export interface RaceFault {
  /** The name in statistics and the history. */
  readonly name: string;
  /** Whether it affects the servers of the storage. Two such faults never occur at the same time. */
  readonly ofStorage?: boolean;
  /** Causes the failure once, and resolves when it is repaired. Not called again before that. */
  inject(race: RaceInProgress): Promise<void>;
}

/** An instance, as faults see it. */
export interface RunningInstance {
  readonly index: number;
  /** The route to the storage's server; absent if the race was given no address. */
  readonly storage?: TcpProxy;
  /** Kills the process (SIGKILL). Resolves when another process has replaced it. */
  kill(): Promise<void>;
  /** Suspends the process (SIGSTOP). */
  pause(): void;
  /** Resumes the process (SIGCONT). */
  resume(): void;
}

/** A race, as faults see it. */
export interface RaceInProgress {
  readonly server: AuthorizationServer;
  /** Returns a random number in [0, 1), from the race's seed. */
  random(): number;
  wait(ms: number): Promise<void>;
  /**
   * Selects an instance that no other fault affects: alternately any one, and the one of `nextToRefresh()`, so that there
   * is something to break. `undefined`: all are affected already.
   */
  pickInstance(): Promise<RunningInstance | undefined>;
  /**
   * Waits for the next refresh token that the server receives, and resolves to its instance. Resolves to `undefined` if
   * that instance is affected already, or none is received in time (see the option `opportunity`).
   */
  nextToRefresh(): Promise<RunningInstance | undefined>;
  /** Runs a failure, and records when it began and ended, so that the invariants know what it excuses. */
  during(what: FaultScope, fail: () => Promise<void>): Promise<void>;
  /** Applies a fault to the response to the next token request; resolves to whether one came in time. */
  failNextResponse(fault: Fault): Promise<boolean>;
  /** Resolves to the next event for which `isIt` returns true, without a time limit. */
  nextEvent(isIt: (event: RaceEvent) => boolean): Promise<RaceEvent>;
}

export interface FaultScope {
  /** The affected instance; absent: all of them. */
  readonly instance?: RunningInstance;
  /** Whether the storage may lose confirmed writes. Default: false. */
  readonly losesWrites?: boolean;
}

/** Kills a process and replaces it. */
export function killing(): RaceFault {
  return {
    name: 'kill',
    async inject(race) {
      const instance = await race.pickInstance();
      if (instance === undefined) return;
      await race.wait(race.random() * 20);
      await race.during({ instance }, () => instance.kill());
    },
  };
}

/**
 * Suspends a process, like a suspended machine or a long garbage collection. `ms`: how long; default: 2 000, longer
 * than the lease of a race. `name`: default: `pause`.
 */
export function pausing({
  ms = 2_000,
  name = 'pause',
}: {
  readonly ms?: number;
  readonly name?: string;
} = {}): RaceFault {
  return {
    name,
    async inject(race) {
      const instance = await race.pickInstance();
      if (instance === undefined) return;
      await race.wait(race.random() * 10);
      await race.during({ instance }, async () => {
        instance.pause();
        await race.wait(ms);
        instance.resume();
      });
    },
  };
}

/**
 * Breaks the route of a process to the storage: closes its connections, or drops everything that is sent. `ms`: how
 * long; default: 800.
 *
 * @throws Error if the race was not given the storage's address
 */
export function cutting({ ms = 800 }: { readonly ms?: number } = {}): RaceFault {
  return {
    name: 'cut',
    async inject(race) {
      const instance = await race.pickInstance();
      if (instance === undefined) return;
      const { storage } = instance;
      if (storage === undefined) throw new Error('cutting() needs a race with a storageAddress.');
      const hangs = race.random() < 0.5;
      await race.wait(race.random() * 10);
      await race.during({ instance }, async () => {
        if (hangs) storage.hang();
        else await storage.cut();
        await race.wait(ms);
        await storage.heal();
      });
    },
  };
}

/** Drops a response of the authorization server after it has processed the request. */
export function losingAnswers(): RaceFault {
  return {
    name: 'lost answer',
    async inject(race) {
      await race.during({}, async () => void (await race.failNextResponse(answerFault.lostAnswer())));
    },
  };
}

/**
 * Restarts the storage's server, with at most half a second of downtime. `losesWrites`: whether it may lose confirmed
 * writes; default: false.
 */
export function restarting(
  storage: { restart(options: { readonly downtime: number }): Promise<unknown> },
  { losesWrites = false }: { readonly losesWrites?: boolean } = {},
): RaceFault {
  return everywhere('restart', ({ random }) => storage.restart({ downtime: random() * 500 }), losesWrites);
}

/**
 * Promotes another server of the storage to primary. `losesWrites`: whether confirmed writes that were not yet
 * replicated may be lost; default: true.
 */
export function failingOver(
  storage: { failover(): Promise<unknown> },
  { losesWrites = true }: { readonly losesWrites?: boolean } = {},
): RaceFault {
  return everywhere('failover', () => storage.failover(), losesWrites);
}

/** Moves the records to another server of the storage, without losing any. */
export function migrating(storage: { migrate(): Promise<unknown> }): RaceFault {
  return everywhere('migration', () => storage.migrate(), false);
}

function everywhere(name: string, fail: (race: RaceInProgress) => Promise<unknown>, losesWrites: boolean): RaceFault {
  return {
    name,
    ofStorage: true,
    inject: (race) => race.during({ losesWrites }, async () => void (await fail(race))),
  };
}
