// Signing in, calling the API, and the passing of time.
import { type Instance, Unfulfilled } from '../fleet.ts';
import { LIFETIME, type Stage } from '../stage.ts';
import type { Button, Press } from './button.ts';
import { whenOneRuns, whenSignedIn } from './objections.ts';
import { countFrom, renew, times } from './renewal.ts';

export const signIn: Button = {
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

/**
 * Completes a sign-in after the user returned from the server's page: on another instance than the one that began it,
 * if one is running.
 */
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

export const call: Button = {
  title: 'Call /v4/me',
  objection: whenSignedIn,
  async press({ stage, tell }) {
    const { running } = stage.fleet;
    const count = countFrom(stage);
    const answers = await Promise.all(running.map((instance) => instance.ask({ name: 'call' })));
    const asked = count.requests();
    const why = () => {
      if (count.failedCalls() > 0) return 'There is no good token, and the reason is in the error.';
      if (asked > 0) return `It took ${times(asked, 'request')} to the authorization server: the token was due.`;
      return 'Nobody asked the authorization server: a good token is served from memory.';
    };
    tell(`${times(running.length, 'instance')} called the API and got ${[...new Set(answers)].join(', ')}. ${why()}`);
    return undefined;
  },
};

export const expire: Button = {
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
    const { asker, requests, failedCalls } = await renew(stage);
    tell(
      `Instance ${asker.number} got the lease and asked the server${othersAdopted(stage, asker)} ` +
        `${times(requests, 'request')} for ${times(stage.fleet.running.length, 'instance')}, and ${failedCalls === 0 ? 'no call' : times(failedCalls, 'call')} failed.`,
    );
    return undefined;
  },
};

/** Describes what the others did while one refreshed. */
function othersAdopted(stage: Stage, asker: Instance): string {
  const numbers = stage.fleet.running.filter((each) => each !== asker).map(({ number }) => number);
  if (numbers.length === 0) return '.';
  return `; instance${numbers.length === 1 ? '' : 's'} ${numbers.join(' and ')} waited, and adopted what it wrote.`;
}
