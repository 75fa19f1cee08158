// What each button does, and what is said of it: of what really happened, as the server and the instances tell it.
import { fault, type HeldFault } from '@frameio-auth/testing';
import { type Instance, Unfulfilled } from './fleet.ts';
import { LIFETIME, type Stage } from './stage.ts';
import { LEASE } from './staged-storage.ts';

export interface Press {
  readonly stage: Stage;
  /** The one whose button it is. */
  readonly instance: Instance;
  /** Says one sentence, or two. */
  readonly tell: (text: string) => void;
}

export interface Button {
  readonly title: string;
  /** Why it cannot be pressed now; `undefined`: it can. */
  readonly objection: (stage: Stage, instance: Instance) => string | undefined;
  /** Resolves when all is said. An address that it resolves to is where the browser has to go. */
  readonly press: (press: Press) => Promise<string | undefined>;
}

const always = () => undefined;
const whenOneRuns = ({ fleet }: Stage) => (fleet.running.length === 0 ? 'No instance runs.' : undefined);
const whenSignedIn = (stage: Stage) =>
  whenOneRuns(stage) ?? (stage.fleet.isSignedIn ? undefined : 'Nobody is signed in.');
const whenReachable = (stage: Stage) =>
  whenSignedIn(stage) ?? (stage.isServerUp ? undefined : 'The server is down: bring it back first.');
const whenTwoRun = (stage: Stage) =>
  whenReachable(stage) ?? (stage.fleet.running.length < 2 ? 'It takes two instances that run.' : undefined);
const whenAllRun = (stage: Stage) =>
  stage.fleet.running.length < stage.fleet.instances.length
    ? 'All instances have to run: let them go on, or start them.'
    : undefined;

const isRefresh = ({ form }: { form: URLSearchParams }) => form.get('grant_type') === 'refresh_token';

/** What has been asked of the token endpoint since. */
function countFrom({ server, fleet }: Stage) {
  const requests = server.count({ endpoint: 'token' });
  const refreshes = new Map(fleet.instances.map((instance) => [instance, instance.counts.refreshes]));
  return {
    requests: () => server.count({ endpoint: 'token' }) - requests,
    /** The instance that has been given new tokens. */
    asker: () => fleet.instances.find((instance) => instance.counts.refreshes > (refreshes.get(instance) ?? 0)),
  };
}

/** Lets the token run out, and waits until all instances serve the next one. Resolves to who asked for it. */
async function renew(stage: Stage, faults: () => void = () => {}): Promise<{ asker: Instance; requests: number }> {
  const { fleet } = stage;
  const before = fleet.token;
  const count = countFrom(stage);
  faults();
  stage.passExpiry();
  stage.useEverywhere();
  const asker = await fleet.until(
    'the token was renewed',
    () => fleet.token !== undefined && fleet.token !== before && count.asker(),
  );
  return { asker, requests: count.requests() };
}

/** What the others did while one asked. */
function othersAdopted(stage: Stage, asker: Instance): string {
  const numbers = stage.fleet.running.filter((each) => each !== asker).map(({ number }) => number);
  if (numbers.length === 0) return '.';
  return `; instance${numbers.length === 1 ? '' : 's'} ${numbers.join(' and ')} waited, and adopted what it wrote.`;
}

function times(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

const signIn: Button = {
  title: 'Sign in',
  objection: (stage) =>
    whenOneRuns(stage) ??
    (stage.isServerUp ? undefined : 'The server is down: bring it back first.') ??
    (stage.fleet.isSignedIn ? 'Somebody is signed in.' : undefined),
  async press({ stage, tell }) {
    const [first] = stage.fleet.running as [Instance];
    const address = await first.ask({ name: 'beginSignIn' });
    tell(
      `Instance ${first.number} sends you to the server’s page, and keeps what it needs for your return in the storage.`,
    );
    return address;
  },
};

/** The user is back from the server's page: at another instance than the one that sent them there, if one runs. */
export async function completeSignIn(stage: Stage, callback: string, tell: Press['tell']): Promise<void> {
  const { fleet } = stage;
  const [first, second = first] = fleet.running;
  if (second === undefined) throw new Unfulfilled('No instance runs that could take you back.');
  try {
    await second.ask({ name: 'endSignIn', callback });
  } catch (error) {
    if (!(error instanceof Unfulfilled) || error.code === undefined) throw error;
    return tell(
      error.code === 'access_denied'
        ? 'You said no. Nothing was stored, and you can try again.'
        : `The callback was refused (${error.code}): it is good once, for the sign-in that began it.`,
    );
  }
  stage.useEverywhere();
  await fleet.until('all instances serve the token', () => fleet.token);
  tell(
    `You came back to instance ${second.number}, which exchanged the code for tokens and wrote them to the storage. The ` +
      `others found them there: one sign-in for all. The token lives for ${LIFETIME} seconds.`,
  );
}

const call: Button = {
  title: 'Call /v4/me',
  objection: whenSignedIn,
  async press({ stage, tell }) {
    const { running } = stage.fleet;
    const count = countFrom(stage);
    const answers = await Promise.all(running.map((instance) => instance.ask({ name: 'call' })));
    const asked = count.requests();
    tell(
      `${times(running.length, 'instance')} called the API and got ${[...new Set(answers)].join(', ')}. ` +
        (asked === 0
          ? 'Nobody asked the authorization server: a good token is served from memory.'
          : `It took ${times(asked, 'request')} to the authorization server, because the token was due.`),
    );
    return undefined;
  },
};

const expire: Button = {
  title: 'Let the token expire',
  objection: whenSignedIn,
  async press({ stage, tell }) {
    if (!stage.isServerUp) {
      stage.passExpiry();
      stage.useEverywhere();
      tell(
        'The token has run out and the server is down, so calls to the API fail, with an error that says why. The ' +
          'refresh token is kept: bring the server back, and nobody has to sign in.',
      );
      return undefined;
    }
    tell('Time moves on by what was left of the token’s minute. It has run out for all instances at once.');
    const { asker, requests } = await renew(stage);
    tell(
      `Instance ${asker.number} got the lease and asked the server${othersAdopted(stage, asker)} ` +
        `${times(requests, 'request')} for ${times(stage.fleet.running.length, 'instance')}, and no call failed.`,
    );
    return undefined;
  },
};

const server: Button = {
  title: 'Take the server down',
  objection: always,
  async press({ stage, tell }) {
    if (stage.isServerUp) {
      await stage.takeServerDown();
      tell(
        'The authorization server refuses connections. The instances go on with the token they have, and try to renew it ' +
          'with growing pauses. An outage ends no session.',
      );
      return undefined;
    }
    const { fleet } = stage;
    await stage.bringServerBack();
    tell('The server is back. Whoever tries next renews the token for all.');
    if (!fleet.isSignedIn) return undefined;
    await fleet.until('all instances serve a good token', () => {
      const isGood = fleet.running.every(
        ({ standing }) =>
          standing?.state === 'valid' && !standing.degraded && (standing.expiresAt ?? 0) > stage.clock.now(),
      );
      return isGood && fleet.token;
    });
    tell('All instances have a good token, and nobody had to sign in.');
    return undefined;
  },
};

const loseAnswer: Button = {
  title: 'Lose an answer',
  objection: whenReachable,
  async press({ stage, tell }) {
    tell(
      'The server renews the token, and its answer is lost on the way: the refresh token is spent, and nobody has the ' +
        'new one.',
    );
    const { asker, requests } = await renew(stage, () =>
      stage.server.faults.next('token', fault.lostAnswer(), { when: isRefresh }),
    );
    tell(
      `Instance ${asker.number} asked again at once with the same refresh token, and this server takes a spent one for ` +
        `a while. ${times(requests, 'request')}, and nobody is signed out.`,
    );
    return undefined;
  },
};

const loseForGood: Button = {
  title: 'Lose it for good',
  objection: whenReachable,
  async press({ stage, tell }) {
    const { fleet, server } = stage;
    tell('The answer is lost as before, and this time the server takes no refresh token twice.');
    server.faults.next('token', fault.lostAnswer(), { when: isRefresh });
    server.faults.next('token', fault.error('invalid_grant', { description: 'used before' }), { when: isRefresh });
    stage.passExpiry();
    stage.useEverywhere();
    await fleet.until('the session ended', () => fleet.running.every(({ standing }) => standing?.state === 'expired'));
    tell(
      'Nobody could know the new refresh token, so the session ends, for the reason “refresh_interrupted”. It is the one ' +
        'loss that no client can prevent, and it is told as what it is. Sign in again.',
    );
    return undefined;
  },
};

/** Lets the token run out, and lets the server keep whoever asks for the next one waiting. Resolves to that one. */
async function catchRenewer(stage: Stage, held: HeldFault): Promise<Instance> {
  const { fleet, server } = stage;
  // Nothing is processed: had the server acted, it would be a lost answer, which is another button.
  server.faults.next('token', fault.chain(held, fault.dropped()), { when: isRefresh });
  stage.passExpiry();
  stage.useEverywhere();
  await held.reached;
  return fleet.until('an instance asked the server', () =>
    fleet.running.find(({ standing }) => standing?.step === 'refreshing.requesting'),
  );
}

/** Strikes whoever renews, and waits until another one has taken over. */
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

const pauseRenewer: Button = {
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

const killRenewer: Button = {
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
    await stage.start(holder);
    await stage.fleet.until('it has the new token', () => stage.fleet.token);
    tell(`Instance ${holder.number} is a new process. It found the session in the storage, and asked nobody.`);
    return undefined;
  },
};

/** One after the other, so that there are always some that run. */
async function startAllAnew(stage: Stage): Promise<void> {
  for (const instance of stage.fleet.instances) {
    await instance.end();
    await stage.start(instance);
  }
}

const rotate: Button = {
  title: 'Rotate the client secret',
  objection: (stage) => whenReachable(stage) ?? whenAllRun(stage),
  async press({ stage, tell }) {
    const { server, clientId } = stage;
    const former = stage.clientSecret.at(-1) as string;
    const next = server.rotateClientSecret(clientId);
    stage.clientSecret = [former, next];
    tell('The server has a second secret. The instances are started anew, one after the other, and know both.');
    await startAllAnew(stage);
    server.dropClientSecret(clientId, former);
    const { asker, requests } = await renew(stage);
    tell(
      `The first secret is no longer good. Instance ${asker.number} tried it, was refused, tried the second, and has the ` +
        `token: ${times(requests, 'request')}, and no user noticed.`,
    );
    stage.clientSecret = [next];
    await startAllAnew(stage);
    tell('The instances are started once more, with the new secret alone.');
    return undefined;
  },
};

const revoke: Button = {
  title: 'Sign out',
  objection: whenReachable,
  async press({ stage, tell }) {
    const { fleet } = stage;
    const [first] = fleet.running as [Instance];
    await first.ask({ name: 'revoke' });
    await fleet.until('all instances know', () => fleet.running.every(({ standing }) => standing?.token === ''));
    tell(
      `Instance ${first.number} had the server revoke both tokens, and wrote into the storage that the session is over. ` +
        'The others read it there: no token is left anywhere.',
    );
    return undefined;
  },
};

const withdraw: Button = {
  title: 'Take the access back',
  objection: whenReachable,
  async press({ stage, tell }) {
    const { fleet, server } = stage;
    const count = countFrom(stage);
    for (const { id } of server.users) server.revokeUser(id);
    stage.passExpiry();
    stage.useEverywhere();
    tell('At the server, the user takes the access back that the application was given.');
    await fleet.until('the session ended', () => fleet.running.every(({ standing }) => standing?.state === 'expired'));
    tell(
      'The refresh token was refused. Before that was believed, the storage was read again, and nobody had a newer one. ' +
        `The session is over in all instances, after ${times(count.requests(), 'request')}. Sign in again.`,
    );
    return undefined;
  },
};

const pause: Button = {
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

const resume: Button = {
  title: 'Let an instance go on',
  objection: (_, { condition }) => (condition === 'paused' ? undefined : 'It is not paused.'),
  async press({ instance, stage, tell }) {
    instance.resume();
    if (stage.isServerUp && stage.fleet.isSignedIn)
      await stage.fleet.until('it has the token', () => stage.fleet.token);
    tell(
      `Instance ${instance.number} goes on. A token that ran out meanwhile is not used: the storage has the newer one.`,
    );
    return undefined;
  },
};

const kill: Button = {
  title: 'Kill an instance',
  objection: (_, { condition }) => (condition === 'running' || condition === 'paused' ? undefined : 'It does not run.'),
  async press({ instance, tell }) {
    await instance.kill();
    tell(`Instance ${instance.number} is dead (SIGKILL). The session is in the storage, and the others have it.`);
    return undefined;
  },
};

const start: Button = {
  title: 'Start an instance',
  objection: (_, { condition }) => (condition === 'gone' ? undefined : 'It runs.'),
  async press({ instance, stage, tell }) {
    const count = countFrom(stage);
    await stage.start(instance);
    tell(
      `Instance ${instance.number} is a new process, ${instance.pid}. It read the session from the storage` +
        (count.requests() === 0 ? ', and asked nobody.' : '.'),
    );
    return undefined;
  },
};

/** Every button, by the name that the page calls it. */
export const buttons: Readonly<Record<string, Button>> = {
  'sign-in': signIn,
  call,
  expire,
  server,
  'lose-answer': loseAnswer,
  'lose-for-good': loseForGood,
  'pause-renewer': pauseRenewer,
  'kill-renewer': killRenewer,
  rotate,
  revoke,
  withdraw,
  pause,
  resume,
  kill,
  start,
};
