// Failures between the instances and the authorization server.
import { fault } from '@frameio-auth/testing';
import type { Button } from './button.ts';
import { whenReachable } from './disabled-reasons.ts';
import { isRefresh, renew, times } from './refresh.ts';

export const server: Button = {
  title: 'Take the server down',
  disabledReason: () => undefined,
  async press({ environment, report }) {
    if (environment.isServerUp) {
      await environment.takeServerDown();
      report(
        'The authorization server refuses connections. The instances keep serving their token, and retry the refresh ' +
          'with backoff. An outage ends no session.',
      );
      return undefined;
    }
    const { fleet } = environment;
    await environment.bringServerBack();
    report('The server is back. The next instance that retries refreshes the token for all.');
    if (!fleet.isSignedIn) return undefined;
    await fleet.until('all instances serve a valid token', () => {
      const isGood = fleet.running.every(
        ({ status }) =>
          status?.state === 'valid' && !status.degraded && (status.expiresAt ?? 0) > environment.clock.now(),
      );
      return isGood && fleet.token;
    });
    report('All instances have a valid token, and no user had to sign in.');
    return undefined;
  },
};

export const loseResponse: Button = {
  title: 'Lose a response',
  disabledReason: whenReachable,
  async press({ environment, report }) {
    report(
      'The server issues new tokens, but its response is lost: the refresh token is spent, and no instance has the ' +
        'new one.',
    );
    const { refresher, requests } = await renew(environment, () =>
      environment.server.faults.next('token', fault.lostAnswer(), { when: isRefresh }),
    );
    report(
      `Instance ${refresher.number} retried at once with the same refresh token, and this server accepts a spent one for ` +
        `a while. ${times(requests, 'request')}, and no user is signed out.`,
    );
    return undefined;
  },
};

export const losePermanently: Button = {
  title: 'Lose it permanently',
  disabledReason: whenReachable,
  async press({ environment, report }) {
    const { fleet, server } = environment;
    report('The response is lost again, and this time the server accepts no refresh token twice.');
    server.faults.next('token', fault.lostAnswer(), { when: isRefresh });
    server.faults.next('token', fault.error('invalid_grant', { description: 'used before' }), { when: isRefresh });
    environment.passExpiry();
    environment.useEverywhere();
    await fleet.until('the session ended', () => fleet.running.every(({ status }) => status?.state === 'expired'));
    report(
      'No instance received the new refresh token, so the session ends with “refresh_interrupted”. No client can ' +
        'prevent this loss. Sign in again.',
    );
    return undefined;
  },
};
