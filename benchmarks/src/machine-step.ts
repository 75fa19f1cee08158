import { firstSnapshot, sessionMachine, step } from '@frameio-auth/core';
import { createActor, transition } from 'xstate';
import { compareSync } from './table.ts';

const input = { renewal: 'client_credentials', refreshBuffer: 300_000, onStorageUnavailable: 'request' } as const;

/** One event that changes the state and has effects, by three ways of running the same machine. */
export async function machineStep(): Promise<void> {
  const opened = { type: 'session.opened', now: 0 } as const;
  const beginning = firstSnapshot(input);
  const inert = sessionMachine.provide({ actions: { readRecord: () => {} } });
  await compareSync('A step of the machine', [
    ['step() of @frameio-auth/core', () => step(beginning, opened)],
    ["XState's transition()", () => transition(sessionMachine, beginning, opened)],
    [
      'an actor made from a snapshot, started, sent the event',
      () => createActor(inert, { input, snapshot: beginning }).start().send(opened),
    ],
  ]);
}
