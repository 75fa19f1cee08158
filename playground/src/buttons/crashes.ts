// Failures of instances: during a refresh, or at any time.
import { fault, type HeldFault } from '@frameio-auth/testing';
import type { Instance } from '../fleet.ts';
import type { Stage } from '../stage.ts';
import { LEASE } from '../staged-storage.ts';
import type { Button } from './button.ts';
import { whenTwoRun } from './objections.ts';
import { countFrom, isRefresh } from './renewal.ts';

/** Lets the token expire, and holds the next token request at the server. Resolves to the instance that sent it. */
async function catchRenewer(stage: Stage, held: HeldFault): Promise<Instance> {
  const { fleet, server } = stage;
  // Nothing is processed. If the server had processed it, this would be a lost response, which is another button.
  server.faults.next('token', fault.chain(held, fault.dropped()), { when: isRefresh });
  stage.passExpiry();
  stage.useEverywhere();
  const holder = await fleet.until('an instance asked the server', () =>
    fleet.running.find(({ standing }) => standing?.step === 'refreshing.requesting'),
  );
  await held.reached; // Slightly later, because its request must be in flight.
  return holder;
}

/** Applies a fault to the instance that refreshes, and waits until another one has taken over. */
async function strike(stage: Stage, blow: (holder: Instance) => Promise<void>): Promise<[Instance, Instance, number]> {
  const { fleet } = stage;
  const before = fleet.token;
  const held = fault.held();
  try {
    const holder = await catchRenewer(stage, held);
    await blow(holder);
    const struck = performance.now();
    held.release();
    const count = countFrom(stage);
    const successor = await fleet.until(
      'another instance took over',
      () => fleet.token !== undefined && fleet.token !== before && count.asker(),
    );
    return [holder, successor, (performance.now() - struck) / 1_000];
  } finally {
    held.release();
  }
}

export const pauseRenewer: Button = {
  title: 'Pause whoever renews',
  objection: whenTwoRun,
  async press({ stage, tell }) {
    const [holder, successor, seconds] = await strike(stage, async (victim) => {
      victim.pause();
      tell(
        `Instance ${victim.number} holds the lease, has asked the server, and is frozen. The others wait; when its lease ` +
          `ends, after ${LEASE / 1_000} seconds, one of them takes over.`,
      );
    });
    tell(`Instance ${successor.number} took over after ${seconds.toFixed(1)} seconds.`);
    holder.resume();
    await stage.fleet.until('it has the new token', () => stage.fleet.token);
    tell(`Instance ${holder.number} goes on, sees in the storage that it came too late, and adopts the new token.`);
    return undefined;
  },
};

export const killRenewer: Button = {
  title: 'Kill whoever renews',
  objection: whenTwoRun,
  async press({ stage, tell }) {
    const [holder, successor, seconds] = await strike(stage, async (victim) => {
      await victim.kill();
      tell(
        `Instance ${victim.number} held the lease, had asked the server, and is dead. Nobody can ask it what came of that. ` +
          `When its lease ends, after ${LEASE / 1_000} seconds, another one takes over.`,
      );
    });
    tell(`Instance ${successor.number} took over after ${seconds.toFixed(1)} seconds, with the same refresh token.`);
    tell(await startAgain(stage, holder));
    return undefined;
  },
};

export const pause: Button = {
  title: 'Pause an instance',
  objection: (_, { condition }) => (condition === 'running' ? undefined : 'It does not run.'),
  async press({ instance, tell }) {
    instance.pause();
    tell(
      `Instance ${instance.number} is frozen (SIGSTOP), as a virtual machine is that is being moved. The others go on.`,
    );
    return undefined;
  },
};

export const resume: Button = {
  title: 'Let an instance go on',
  objection: (_, { condition }) => (condition === 'paused' ? undefined : 'It is not paused.'),
  async press({ instance, stage, tell }) {
    instance.resume();
    if (stage.isServerUp && stage.fleet.isSignedIn) {
      await stage.fleet.until('it has the token', () => stage.fleet.token);
    }
    tell(
      `Instance ${instance.number} goes on. A token that ran out meanwhile is not used: the storage has the newer one.`,
    );
    return undefined;
  },
};

export const kill: Button = {
  title: 'Kill an instance',
  objection: (_, { condition }) => (condition === 'running' || condition === 'paused' ? undefined : 'It does not run.'),
  async press({ instance, tell }) {
    await instance.kill();
    tell(`Instance ${instance.number} is dead (SIGKILL). The session is in the storage, and the others have it.`);
    return undefined;
  },
};

export const start: Button = {
  title: 'Start an instance',
  objection: (_, { condition }) => (condition === 'gone' ? undefined : 'It runs.'),
  async press({ instance, stage, tell }) {
    tell(await startAgain(stage, instance));
    return undefined;
  },
};

/** Resolves to a description of the result. */
async function startAgain(stage: Stage, instance: Instance): Promise<string> {
  const count = countFrom(stage);
  await stage.start(instance);
  const asked = count.requests() === 0 ? ', and asked nobody' : '';
  return `Instance ${instance.number} is a new process, ${instance.pid}. It read the session from the storage${asked}.`;
}
