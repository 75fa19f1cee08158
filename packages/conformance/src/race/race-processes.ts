import { RaceProcess } from './race-process.js';

/** Processes that several races share, so that only the first race, and each kill, must start some. */
export interface RaceProcesses {
  /** Ends all processes. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Creates a pool of processes for the option `processes` of `race()`. It starts them when races need them. */
export function raceProcesses(): RaceProcesses {
  return new ProcessPool();
}

export class ProcessPool implements RaceProcesses {
  readonly #idle: RaceProcess[] = [];
  readonly #running = new Set<RaceProcess>();

  /** Returns a process without an instance. */
  take(): RaceProcess {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const started = new RaceProcess();
    this.#running.add(started);
    void started.ended.then(() => this.#forget(started));
    return started;
  }

  /** Keeps a process for another race. Its instance must be closed. */
  giveBack(process: RaceProcess): void {
    process.note = () => {};
    if (this.#running.has(process)) this.#idle.push(process);
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map((process) => {
        process.signal('SIGKILL');
        return process.ended;
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #forget(process: RaceProcess): void {
    this.#running.delete(process);
    const index = this.#idle.indexOf(process);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}
