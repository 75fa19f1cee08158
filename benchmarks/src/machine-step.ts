import { initialSnapshot, sessionMachine, transition } from '@frameio-auth/core/machine';
import { createActor, transition as xstateTransition } from 'xstate';
import { compareSync } from './table.ts';

const input = { renewal: 'client_credentials', refreshBuffer: 300_000, onStorageUnavailable: 'request' } as const;

/** Measures one event that changes the state and has effects, with three ways of running the same machine. */
export async function machineStep(): Promise<void> {
  const opened = { type: 'session.opened', now: 0 } as const;
  const beginning = initialSnapshot(input);
  const inert = sessionMachine.provide({ actions: { readRecord: () => {} } });
  await compareSync('A step of the machine', [
    ['transition() of @frameio-auth/core', () => transition(beginning, opened)],
    ["XState's transition()", () => xstateTransition(sessionMachine, beginning, opened)],
    [
      'an actor made from a snapshot, started, sent the event',
      () => createActor(inert, { input, snapshot: beginning }).start().send(opened),
    ],
  ]);
}
