import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import { type InspectorMessage, safeInspector } from '@frameio-auth/inspector';
import { type Fault, fault, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { describe, expect, it } from 'vitest';
import { leaksIn, statesIn } from './recorded-session.js';

describe('whatever the server answers', () => {
  const answers: Readonly<Record<string, Fault>> = {
    'a refusal that repeats the secrets': fault.echo(),
    'a failure that repeats the secrets': fault.echo({ error: 'server_error', status: 500 }),
    'a refusal of the client that repeats the secrets': fault.echo({ error: 'invalid_client', status: 401 }),
    'a word that is the secrets': ({ request }) => json(500, { error: [...request.form.values()].join('.') }),
    'an id that is the secrets': ({ request }) =>
      json(400, { error: 'invalid_grant' }, [...request.form.values()].join('.')),
    'the wish that the user act at an address of the secrets': ({ request }) =>
      json(400, { error: 'ride_AdobeID_acct_actreq', jump: `https://accounts.example/?${request.form}` }),
    'a scope that is the secrets': ({ request }) =>
      json(200, {
        access_token: 'access.fictional.answer',
        expires_in: 3_600,
        scope: request.form.get('refresh_token'),
      }),
    'each member twice': fault.duplicateKeys(),
    'a page': fault.html(502),
    garbage: fault.garbage({ bytes: 5_000 }),
    nothing: fault.lostAnswer(),
  };
  const json = (status: number, body: object, debugId = 'fictional') => ({
    status,
    headers: { 'content-type': 'application/json', 'x-debug-id': debugId },
    body: JSON.stringify(body),
  });

  it.each(Object.entries(answers))('shows none of the secrets in %s', async (_what, answer) => {
    const messages: InspectorMessage[] = [];
    const clock = manualClock();
    await using server = await startAuthorizationServer({ clock });
    await using auth = new WebAppAuth({
      ...server.clients.webApp,
      server: adobeIms({ origin: server.origin }),
      transport: fetchTransport(),
      clock,
      inspect: safeInspector({ sink: (message) => messages.push(message) }),
    });
    const { url, codeVerifier } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    server.faults.always('token', answer);
    const refresh = auth.refresh().catch(() => {});
    for (let ended = false; !ended; await turnOfTheEventLoop()) {
      ended = await Promise.race([refresh.then(() => true), turnOfTheEventLoop(false)]);
      const { retryAt } = auth.snapshot;
      if (retryAt !== null && retryAt > clock.now()) await clock.advanceTo(retryAt);
    }
    expect(server.count({ grantType: 'refresh_token', faulted: true })).toBeGreaterThan(0);
    const known = [...server.secrets(), codeVerifier, server.clients.webApp.clientSecret];
    expect(leaksIn(messages, known)).toEqual([]);
    expect(statesIn(messages)).toContain('refreshing.requesting');
  });
});
