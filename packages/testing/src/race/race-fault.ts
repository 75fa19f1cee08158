import type { AuthorizationServer } from '../authorization-server.js';
import type { Fault } from '../fault-queue.js';
import { fault as answerFault } from '../faults.js';
import type { RaceEvent } from './history.js';
import type { TcpProxy } from './tcp-proxy.js';

/** Something that goes wrong in a race, again and again. */
export interface RaceFault {
  /** For the figures and the history. */
  readonly name: string;
  /** Whether it does something to the servers of the storage: two such faults do not strike at the same time. */
  readonly ofStorage?: boolean;
  /** Goes wrong once, and is mended when it resolves. A fault whose last strike is not over is not asked for another. */
  strike(race: RaceInProgress): Promise<void>;
}

/** A member, for a fault to do something to. */
export interface RacingMember {
  readonly index: number;
  /** The way to the storage's server; absent when the race was given no address. */
  readonly storage?: TcpProxy;
  /** SIGKILL. Resolves when another process has taken its place. */
  kill(): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** A race, for a fault to strike at. */
export interface RaceInProgress {
  readonly server: AuthorizationServer;
  /** A random number in [0, 1), by the race's seed. */
  random(): number;
  wait(ms: number): Promise<void>;
  /**
   * A member that nothing else strikes at: any one, or, every other time, the one of `nextToRefresh()`, so that there is
   * something to break. `undefined`: all are struck already.
   */
  aim(): Promise<RacingMember | undefined>;
  /**
   * The member whose refresh token the server is shown next, at that moment; `undefined` when it is struck already, or
   * when none is shown in time (see the option `opportunity`).
   */
  nextToRefresh(): Promise<RacingMember | undefined>;
  /**
   * Does what goes wrong, and writes down when it began and when it was over, by which it is judged what it excuses.
   */
  during(what: Affliction, goWrong: () => Promise<void>): Promise<void>;
  /** Lets the answer to the next token request meet a fault; resolves to whether one came in time. */
  failNextAnswer(fault: Fault): Promise<boolean>;
  /** Resolves to the next event for which `isIt` returns true. It waits as long as it takes. */
  nextEvent(isIt: (event: RaceEvent) => boolean): Promise<RaceEvent>;
}

export interface Affliction {
  /** Whom it is done to; absent: to everybody. */
  readonly member?: RacingMember;
  /** Whether the storage may forget by it what it had confirmed. Default: false. */
  readonly losesWrites?: boolean;
}

/** Kills a process, and lets another one take its place. */
export function killing(): RaceFault {
  return {
    name: 'kill',
    async strike(race) {
      const member = await race.aim();
      if (member === undefined) return;
      await race.wait(race.random() * 20);
      await race.during({ member }, () => member.kill());
    },
  };
}

/**
 * Stops a process, as a suspended machine or a long collection of garbage does. `ms`: for how long; default: 2 000, longer
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
    async strike(race) {
      const member = await race.aim();
      if (member === undefined) return;
      await race.wait(race.random() * 10);
      await race.during({ member }, async () => {
        member.pause();
        await race.wait(ms);
        member.resume();
      });
    },
  };
}

/**
 * Breaks the way of a process to the storage: ends its connections, or lets everything that is sent get lost. `ms`:
 * for how long; default: 800.
 *
 * @throws Error when the race was not given the storage's address
 */
export function cutting({ ms = 800 }: { readonly ms?: number } = {}): RaceFault {
  return {
    name: 'cut',
    async strike(race) {
      const member = await race.aim();
      if (member === undefined) return;
      const { storage } = member;
      if (storage === undefined) throw new Error('cutting() needs a race with a storageAddress.');
      const hangs = race.random() < 0.5;
      await race.wait(race.random() * 10);
      await race.during({ member }, async () => {
        if (hangs) storage.hang();
        else await storage.cut();
        await race.wait(ms);
        await storage.heal();
      });
    },
  };
}

/** Loses an answer of the authorization server that has done what it was asked for. */
export function losingAnswers(): RaceFault {
  return {
    name: 'lost answer',
    async strike(race) {
      await race.during({}, async () => void (await race.failNextAnswer(answerFault.lostAnswer())));
    },
  };
}

/**
 * Restarts the storage's server, which is down for half a second at most. `losesWrites`: whether it may forget by it
 * what it had confirmed; default: false.
 */
export function restarting(
  storage: { restart(options: { readonly downtime: number }): Promise<unknown> },
  { losesWrites = false }: { readonly losesWrites?: boolean } = {},
): RaceFault {
  return everywhere('restart', ({ random }) => storage.restart({ downtime: random() * 500 }), losesWrites);
}

/**
 * Makes another server of the storage its primary. `losesWrites`: whether writes may be forgotten by it that were
 * confirmed before they were replicated; default: true.
 */
export function failingOver(
  storage: { failover(): Promise<unknown> },
  { losesWrites = true }: { readonly losesWrites?: boolean } = {},
): RaceFault {
  return everywhere('failover', () => storage.failover(), losesWrites);
}

/** Moves the records to another server of the storage, which loses none. */
export function migrating(storage: { migrate(): Promise<unknown> }): RaceFault {
  return everywhere('migration', () => storage.migrate(), false);
}

function everywhere(
  name: string,
  goWrong: (race: RaceInProgress) => Promise<unknown>,
  losesWrites: boolean,
): RaceFault {
  return {
    name,
    ofStorage: true,
    strike: (race) => race.during({ losesWrites }, async () => void (await goWrong(race))),
  };
}
