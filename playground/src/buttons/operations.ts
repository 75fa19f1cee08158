// The usual operations of a service.

import type { Environment } from '../environment.ts';
import type { Instance } from '../fleet.ts';
import type { Button } from './button.ts';
import { whenAllRun, whenReachable } from './disabled-reasons.ts';
import { countFrom, renew, times } from './refresh.ts';

/** One after the other, so that some are always running. */
async function startAllAnew(environment: Environment): Promise<void> {
  for (const instance of environment.fleet.instances) {
    await instance.end();
    await environment.start(instance);
  }
}

export const rotate: Button = {
  title: 'Rotate the client secret',
  disabledReason: (environment) => whenReachable(environment) ?? whenAllRun(environment),
  async press({ environment, report }) {
    const { server, clientId } = environment;
    const former = environment.clientSecret.at(-1) as string;
    const next = server.rotateClientSecret(clientId);
    environment.clientSecret = [former, next];
    report('The server has a second secret. The instances restart one after the other, with both secrets.');
    await startAllAnew(environment);
    server.dropClientSecret(clientId, former);
    const { refresher, requests } = await renew(environment);
    report(
      `The first secret is no longer valid. Instance ${refresher.number} tried it, was rejected, and got the token with the second: ` +
        `${times(requests, 'request')}, and no user noticed.`,
    );
    environment.clientSecret = [next];
    await startAllAnew(environment);
    report('The instances restart once more, with only the new secret.');
    return undefined;
  },
};

export const revoke: Button = {
  title: 'Sign out',
  disabledReason: whenReachable,
  async press({ environment, report }) {
    const { fleet } = environment;
    const [first] = fleet.running as [Instance];
    await first.ask({ name: 'revoke' });
    await fleet.until('all instances know', () => fleet.running.every(({ status }) => status?.token === ''));
    report(
      `Instance ${first.number} revoked both tokens at the server, and wrote the end of the session to the storage. ` +
        'The others read it there. No token is left.',
    );
    return undefined;
  },
};

export const withdraw: Button = {
  title: 'Withdraw the access',
  disabledReason: whenReachable,
  async press({ environment, report }) {
    const { fleet, server } = environment;
    const count = countFrom(environment);
    for (const { id } of server.users) server.revokeUser(id);
    environment.passExpiry();
    environment.useEverywhere();
    report('At the server, the user withdraws the access of the application.');
    await fleet.until('the session ended', () => fleet.running.every(({ status }) => status?.state === 'expired'));
    report(
      'The server rejected the refresh token. The session read the storage again, and there was no newer token. ' +
        `The session has ended in all instances, after ${times(count.requests(), 'request')}. Sign in again.`,
    );
    return undefined;
  },
};
