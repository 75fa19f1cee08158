// Signing in, calling the API, and the passing of time.

import { type Environment, LIFETIME } from '../environment.ts';
import { type Instance, InstanceError } from '../fleet.ts';
import type { Button, Press } from './button.ts';
import { whenOneRuns, whenSignedIn } from './disabled-reasons.ts';
import { countFrom, renew, times } from './refresh.ts';

export const signIn: Button = {
  title: 'Sign in',
  disabledReason: (environment) =>
    whenOneRuns(environment) ??
    (environment.isServerUp ? undefined : 'The server is down. Bring it back first.') ??
    (environment.fleet.isSignedIn ? 'A user is signed in already.' : undefined),
  async press({ environment, report }) {
    const [first] = environment.fleet.running as [Instance];
    const address = await first.ask({ name: 'beginSignIn' });
    report(`Instance ${first.number} sends you to the server’s page, and stores what is needed when you return.`);
    return address;
  },
};

/**
 * Completes a sign-in after the user returned from the server's page: on another instance than the one that began it,
 * if one is running.
 */
export async function completeSignIn(
  environment: Environment,
  callback: string,
  report: Press['report'],
): Promise<void> {
  const { fleet } = environment;
  const [first, second = first] = fleet.running;
  if (second === undefined) throw new InstanceError('No instance is running, so the sign-in cannot be completed.');
  try {
    await second.ask({ name: 'endSignIn', callback });
  } catch (error) {
    if (!(error instanceof InstanceError) || error.code === undefined) throw error;
    return report(
      error.code === 'access_denied'
        ? 'You declined. Nothing was stored, and you can try again.'
        : `The callback was rejected (${error.code}): it works once, for the sign-in that it belongs to.`,
    );
  }
  environment.useEverywhere();
  await fleet.until('all instances serve the token', () => fleet.token);
  report(
    `You came back to instance ${second.number}, which exchanged the code for tokens and wrote them to the storage. The ` +
      `others read them there: one sign-in for all. The token is valid for ${LIFETIME} seconds.`,
  );
}

export const call: Button = {
  title: 'Call /v4/me',
  disabledReason: whenSignedIn,
  async press({ environment, report }) {
    const { running } = environment.fleet;
    const count = countFrom(environment);
    const answers = await Promise.all(running.map((instance) => instance.ask({ name: 'call' })));
    const asked = count.requests();
    const why = () => {
      if (count.failedCalls() > 0) return 'There is no valid token; the error says why.';
      if (asked > 0)
        return `It took ${times(asked, 'request')} to the authorization server, because the token was due.`;
      return 'No request went to the authorization server: a valid token is served from memory.';
    };
    report(`${times(running.length, 'instance')} called the API and got ${[...new Set(answers)].join(', ')}. ${why()}`);
    return undefined;
  },
};

export const expire: Button = {
  title: 'Let the token expire',
  disabledReason: whenSignedIn,
  async press({ environment, report }) {
    if (!environment.isServerUp) {
      environment.passExpiry();
      environment.useEverywhere();
      report(
        'The token has expired and the server is down, so API calls fail with an error that says why. The ' +
          'refresh token is kept: once the server is back, no user has to sign in.',
      );
      return undefined;
    }
    report('The clock moves past the expiry of the token, for all instances at once.');
    const { refresher, requests, failedCalls } = await renew(environment);
    report(
      `Instance ${refresher.number} got the lease and sent a request${othersAdopted(environment, refresher)} ` +
        `${times(requests, 'request')} for ${times(environment.fleet.running.length, 'instance')}, and ${failedCalls === 0 ? 'no call' : times(failedCalls, 'call')} failed.`,
    );
    return undefined;
  },
};

/** Describes what the others did while one refreshed. */
function othersAdopted(environment: Environment, refresher: Instance): string {
  const numbers = environment.fleet.running.filter((each) => each !== refresher).map(({ number }) => number);
  if (numbers.length === 0) return '.';
  return `; instance${numbers.length === 1 ? '' : 's'} ${numbers.join(' and ')} waited, and adopted the result.`;
}
