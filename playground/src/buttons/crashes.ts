// Failures of instances: during a refresh, or at any time.
import { fault, type HeldFault } from '@frameio-auth/testing';
import { LEASE } from '../accelerated-storage.ts';
import type { Environment } from '../environment.ts';
import type { Instance } from '../fleet.ts';
import type { Button } from './button.ts';
import { whenTwoRun } from './disabled-reasons.ts';
import { countFrom, isRefresh } from './refresh.ts';

/** Lets the token expire, and holds the next token request at the server. Resolves to the instance that sent it. */
async function holdRefresh(environment: Environment, held: HeldFault): Promise<Instance> {
  const { fleet, server } = environment;
  // Nothing is processed. If the server had processed it, this would be a lost response, which is another button.
  server.faults.next('token', fault.chain(held, fault.dropped()), { when: isRefresh });
  environment.passExpiry();
  environment.useEverywhere();
  const holder = await fleet.until('an instance sent a request to the server', () =>
    fleet.running.find(({ status }) => status?.step === 'refreshing.requesting'),
  );
  await held.reached; // Slightly later, because its request must be in flight.
  return holder;
}

/** Applies a fault to the instance that refreshes, and waits until another one has taken over. */
async function failDuringRefresh(
  environment: Environment,
  fail: (holder: Instance) => Promise<void>,
): Promise<[Instance, Instance, number]> {
  const { fleet } = environment;
  const before = fleet.token;
  const held = fault.held();
  try {
    const holder = await holdRefresh(environment, held);
    await fail(holder);
    const failedAt = performance.now();
    held.release();
    const count = countFrom(environment);
    const successor = await fleet.until(
      'another instance took over',
      () => fleet.token !== undefined && fleet.token !== before && count.refresher(),
    );
    return [holder, successor, (performance.now() - failedAt) / 1_000];
  } finally {
    held.release();
  }
}

export const pauseHolder: Button = {
  title: 'Pause the lease holder',
  disabledReason: whenTwoRun,
  async press({ environment, report }) {
    const [holder, successor, seconds] = await failDuringRefresh(environment, async (victim) => {
      victim.pause();
      report(
        `Instance ${victim.number} holds the lease, has sent a request to the server, and is frozen. The others wait. When its lease ` +
          `expires, after ${LEASE / 1_000} seconds, one of them takes over.`,
      );
    });
    report(`Instance ${successor.number} took over after ${seconds.toFixed(1)} seconds.`);
    holder.resume();
    await environment.fleet.until('it has the new token', () => environment.fleet.token);
    report(`Instance ${holder.number} resumes, reads in the storage that it is too late, and adopts the new token.`);
    return undefined;
  },
};

export const killHolder: Button = {
  title: 'Kill the lease holder',
  disabledReason: whenTwoRun,
  async press({ environment, report }) {
    const [holder, successor, seconds] = await failDuringRefresh(environment, async (victim) => {
      await victim.kill();
      report(
        `Instance ${victim.number} held the lease, had sent a request to the server, and was killed. Its result is unknown. ` +
          `When its lease expires, after ${LEASE / 1_000} seconds, another one takes over.`,
      );
    });
    report(`Instance ${successor.number} took over after ${seconds.toFixed(1)} seconds, with the same refresh token.`);
    report(await startAgain(environment, holder));
    return undefined;
  },
};

export const pause: Button = {
  title: 'Pause an instance',
  disabledReason: (_, { condition }) => (condition === 'running' ? undefined : 'It is not running.'),
  async press({ instance, report }) {
    instance.pause();
    report(
      `Instance ${instance.number} is frozen (SIGSTOP), like a virtual machine during a migration. The others continue.`,
    );
    return undefined;
  },
};

export const resume: Button = {
  title: 'Resume an instance',
  disabledReason: (_, { condition }) => (condition === 'paused' ? undefined : 'It is not paused.'),
  async press({ instance, environment, report }) {
    instance.resume();
    if (environment.isServerUp && environment.fleet.isSignedIn) {
      await environment.fleet.until('it has the token', () => environment.fleet.token);
    }
    report(
      `Instance ${instance.number} resumes. If its token has expired meanwhile, it reads the newer one from the storage.`,
    );
    return undefined;
  },
};

export const kill: Button = {
  title: 'Kill an instance',
  disabledReason: (_, { condition }) =>
    condition === 'running' || condition === 'paused' ? undefined : 'It is not running.',
  async press({ instance, report }) {
    await instance.kill();
    report(
      `Instance ${instance.number} was killed (SIGKILL). The session is in the storage, so the others still have it.`,
    );
    return undefined;
  },
};

export const start: Button = {
  title: 'Start an instance',
  disabledReason: (_, { condition }) => (condition === 'gone' ? undefined : 'It is running.'),
  async press({ instance, environment, report }) {
    report(await startAgain(environment, instance));
    return undefined;
  },
};

/** Resolves to a description of the result. */
async function startAgain(environment: Environment, instance: Instance): Promise<string> {
  const count = countFrom(environment);
  await environment.start(instance);
  const asked = count.requests() === 0 ? ', and sent no request' : '';
  return `Instance ${instance.number} is a new process, ${instance.pid}. It read the session from the storage${asked}.`;
}
