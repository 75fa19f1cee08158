// Failures between the instances and the authorization server.
import { fault } from '@frameio-auth/testing';
import type { Button } from './button.ts';
import { whenReachable } from './objections.ts';
import { isRefresh, renew, times } from './renewal.ts';

export const server: Button = {
  title: 'Take the server down',
  objection: () => undefined,
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

export const loseAnswer: Button = {
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

export const loseForGood: Button = {
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
