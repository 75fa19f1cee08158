// The usual operations of a service.
import type { Instance } from '../fleet.ts';
import type { Stage } from '../stage.ts';
import type { Button } from './button.ts';
import { whenAllRun, whenReachable } from './objections.ts';
import { countFrom, renew, times } from './renewal.ts';

/** One after the other, so that some are always running. */
async function startAllAnew(stage: Stage): Promise<void> {
  for (const instance of stage.fleet.instances) {
    await instance.end();
    await stage.start(instance);
  }
}

export const rotate: Button = {
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

export const revoke: Button = {
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

export const withdraw: Button = {
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
