import { storageContract } from '@frameio-auth/conformance';
import { describe, it } from 'vitest';
import { ActiveFaults } from '../../simulation/active-faults.ts';
import { Chance } from '../../simulation/chance.ts';
import { History } from '../../simulation/history.ts';
import { instanceClock, MachineClock } from '../../simulation/machine-clock.ts';
import type { Receiver } from '../../simulation/receiver.ts';
import { SimulatedStorage } from '../../simulation/simulated-storage.ts';
import { storageConnection } from '../../simulation/storage-connection.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';

describe('the simulated storage keeps the contract without faults', () => {
  const clauses = storageContract({
    name: 'the simulated storage',
    async create() {
      const time = new VirtualTime(Date.UTC(2026, 0, 1));
      const now = () => time.now;
      const chance = new Chance(1);
      const storage = new SimulatedStorage(now);
      const connect = (name: string, place: number) =>
        storageConnection(
          {
            time,
            chance,
            faults: new ActiveFaults(chance, now),
            history: new History(now),
            storage,
            latency: [0, 0],
            hintLatency: [0, 0],
            timeout: 5_000,
          },
          receiver(name, place),
        );
      const receiver = (name: string, place: number): Receiver => {
        const running = { deliver: (_: unknown, run: () => void) => run() };
        const machine = new MachineClock(time, time.now, { ahead: 0, fast: 0 });
        return { ...running, name, place, clock: instanceClock(time, machine, running), isPaused: false };
      };
      const clock = pump(time);
      return {
        storage: connect('a1', 0),
        another: async () => connect('b1', 1),
        advance: clock.advance,
        async dispose() {
          clock.stop();
        },
      };
    },
  });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});

/** Runs what is due at the present moment, and advances to the given moment, because nothing else does here. */
function pump(time: VirtualTime) {
  let running = true;
  let moment = time.now;
  let moved: (() => void) | undefined;
  const turn = async () => {
    while (running) {
      const until = moment;
      await time.runUntil(until);
      if (moved !== undefined && until === moment) {
        const done = moved;
        moved = undefined;
        done();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  void turn();
  return {
    advance(ms: number) {
      moment += ms;
      return new Promise<void>((resolve) => {
        moved = resolve;
      });
    },
    stop() {
      running = false;
    },
  };
}
