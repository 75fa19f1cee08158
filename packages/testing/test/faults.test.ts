import { type AuthorizationServer, type Fault, fault, manualClock } from '@frameio-auth/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  post,
  refusalOf,
  serviceRequest,
  serviceToken,
  startServer,
  webAppRefresh,
  webAppTokens,
} from './application.js';

let server: AuthorizationServer;

beforeEach(async () => {
  server = await startServer();
});

const ask = () => post(server.endpoints.tokenEndpoint, serviceRequest(server));
const statuses = async (count: number) => {
  const seen: number[] = [];
  for (let request = 0; request < count; request += 1) seen.push((await ask()).status);
  return seen;
};

describe('which fault a request meets', () => {
  it('is the first queued one, as often as it was queued for, and then none', async () => {
    server.faults.next('token', fault.status(503), { times: 2 });
    server.faults.next('token', fault.status(429));
    expect(await statuses(4)).toEqual([503, 503, 429, 200]);
  });

  it('is a standing one when none is queued, until that is removed', async () => {
    const outage = server.faults.always('token', fault.status(503));
    server.faults.next('token', fault.status(429));
    expect(await statuses(3)).toEqual([429, 503, 503]);
    outage.remove();
    expect(await statuses(1)).toEqual([200]);
  });

  it('is the standing one that was placed last', async () => {
    server.faults.always('token', fault.status(503));
    const nearer = server.faults.always('token', fault.status(500));
    expect(await statuses(1)).toEqual([500]);
    nearer.remove();
    expect(await statuses(1)).toEqual([503]);
  });

  it('is one for its own endpoint, and for what the fault is limited to', async () => {
    server.faults.next('revoke', fault.status(500));
    server.faults.next('token', fault.status(503), {
      when: ({ form }) => form.get('grant_type') === 'refresh_token',
    });
    const { refresh_token } = await webAppTokens(server);
    expect(await statuses(1)).toEqual([200]);
    expect((await webAppRefresh(server, refresh_token)).status).toBe(503);
    expect((await webAppRefresh(server, refresh_token)).status).toBe(200);
  });

  it('is none after all were cleared or taken away', async () => {
    server.faults.next('token', fault.status(503));
    server.faults.always('token', fault.status(503));
    server.faults.clear();
    server.faults.next('token', fault.status(503)).remove();
    expect(await statuses(1)).toEqual([200]);
  });
});

describe('faults that answer without processing', () => {
  it('give a status with Retry-After in seconds, as a date, or without', async () => {
    server.faults.next('token', fault.status(429, { retryAfter: 7 }));
    server.faults.next('token', fault.status(503, { retryAfter: new Date(Date.UTC(2026, 0, 1, 12, 0, 7)) }));
    server.faults.next('token', fault.status(500));
    const answers = [await ask(), await ask(), await ask()].map(({ status, headers }) => [
      status,
      headers.get('retry-after'),
    ]);
    expect(answers).toEqual([
      [429, '7'],
      [503, 'Thu, 01 Jan 2026 12:00:07 GMT'],
      [500, null],
    ]);
  });

  it('give an OAuth error, and the refresh token is not spent by it', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', fault.error('temporarily_unavailable', { status: 503, description: 'soon again' }));
    const refusal = await refusalOf(webAppRefresh(server, refresh_token));
    expect(refusal).toEqual([503, 'temporarily_unavailable', 'soon again']);
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
  });

  it('send the user to a `jump` URL', async () => {
    server.faults.next('token', fault.userAction());
    expect(await (await ask()).json()).toEqual({
      error: 'ride_AdobeID_acct_actreq',
      error_description: 'the user must act',
      jump: 'https://accounts.example/act',
    });
  });

  it('repeat every secret that was presented in the description', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', fault.echo());
    const [, error, description] = await refusalOf(webAppRefresh(server, refresh_token));
    expect(error).toBe('invalid_grant');
    expect(description).toContain(refresh_token);
    expect(description).toContain(server.clients.webApp.clientSecret);
  });

  it("give a proxy's page", async () => {
    server.faults.next('token', fault.html());
    const response = await ask();
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8']);
    expect(await response.text()).toContain('Bad gateway');
  });

  it('give a megabyte of nonsense that claims to be JSON', async () => {
    server.faults.next('token', fault.garbage());
    const response = await ask();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json;charset=UTF-8']);
    const body = await response.text();
    expect(body).toHaveLength(1024 * 1024);
    expect(() => JSON.parse(body)).toThrow(SyntaxError);
  });

  it('end the connection: the refresh token is not spent', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', fault.dropped());
    await expect(webAppRefresh(server, refresh_token)).rejects.toThrow('fetch failed');
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
  });
});

describe('faults that process the request', () => {
  it('lose the answer: the refresh token is spent, and the client has nothing', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', fault.lostAnswer());
    await expect(webAppRefresh(server, refresh_token)).rejects.toThrow('fetch failed');
    expect(server.refreshTokenIsLive(refresh_token)).toBe(false);
    expect((await refusalOf(webAppRefresh(server, refresh_token))).slice(0, 2)).toEqual([400, 'invalid_grant']);
  });

  it('send half of the answer and end the connection', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', fault.halfAnswer());
    const response = await webAppRefresh(server, refresh_token);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(server.refreshTokenIsLive(refresh_token)).toBe(false);
  });

  it('give the answer another content type', async () => {
    server.faults.next('token', fault.contentType('text/plain'));
    const response = await ask();
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.json()).toMatchObject({ token_type: 'bearer' });
  });

  it('name each member of the answer twice', async () => {
    server.faults.next('token', fault.duplicateKeys());
    const body = await (await ask()).text();
    expect(body).toMatch(/^\{"access_token":"decoy",.*"access_token":"ey/);
    expect(JSON.parse(body)).toMatchObject({ token_type: 'bearer', expires_in: 86399 });
  });

  it('put another time on the answer', async () => {
    const clock = manualClock();
    const other = await startServer({ clock });
    const dateOf = async () => (await fetch(`${other.apiBaseUrl}/me`)).headers.get('date');
    other.faults.next('api', fault.skewedDate(-3_600_000));
    expect(await dateOf()).toBe('Wed, 31 Dec 2025 23:00:00 GMT');
    expect(await dateOf()).toBe('Thu, 01 Jan 2026 00:00:00 GMT');
  });

  it('take members of the answer away and put others in', async () => {
    server.faults.next('token', fault.altered({ expires_in: undefined, token_type: 'mac' }));
    const answer = await (await ask()).json();
    expect(answer).not.toHaveProperty('expires_in');
    expect(answer).toMatchObject({ token_type: 'mac', access_token: expect.any(String) });
  });

  it('grant a refresh without a new refresh token, and the old one goes on working (RFC 6749 §6)', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', fault.keptRefreshToken());
    const answer = await (await webAppRefresh(server, refresh_token)).json();
    expect(answer).toMatchObject({ access_token: expect.any(String) });
    expect(answer).not.toHaveProperty('refresh_token');
    expect((await webAppRefresh(server, refresh_token)).status).toBe(200);
  });

  it('forbid what the API would allow, and leave a 401 as it is', async () => {
    const forbidden = server.faults.always('api', fault.forbidden());
    const headers = { authorization: `Bearer ${await serviceToken(server)}` };
    const refused = await fetch(`${server.apiBaseUrl}/me`, { headers });
    expect([refused.status, refused.headers.get('x-ratelimit-remaining')]).toEqual([403, '999']);
    expect((await fetch(`${server.apiBaseUrl}/me`)).status).toBe(401);
    forbidden.remove();
    expect((await fetch(`${server.apiBaseUrl}/me`, { headers })).status).toBe(200);
  });
});

describe('faults that take time', () => {
  it("delay a request, or only its answer, by the server's clock", async () => {
    const clock = manualClock();
    const slow = await startServer({ clock });
    const { refresh_token } = await webAppTokens(slow);
    slow.clearRequests();
    slow.faults.next('token', fault.delayed(5000));
    const delayed = webAppRefresh(slow, refresh_token);
    await slow.waitFor({ endpoint: 'token' });
    expect(slow.refreshTokenIsLive(refresh_token)).toBe(true);
    expect(clock.pendingTimers).toEqual([clock.now() + 5000]);
    await clock.advance(5000);
    const next = ((await (await delayed).json()) as { refresh_token: string }).refresh_token;

    slow.faults.next('token', fault.delayedAnswer(5000));
    const answer = webAppRefresh(slow, next);
    await slow.waitFor({ outcome: 'granted' }, 2);
    expect(slow.refreshTokenIsLive(next)).toBe(false);
    await clock.advance(5000);
    expect((await answer).status).toBe(200);
  });

  it('hold a request until it is released, so that a test decides who comes first', async () => {
    const { refresh_token } = await webAppTokens(server);
    const held = fault.held();
    server.faults.next('token', held);
    const first = webAppRefresh(server, refresh_token);
    await held.reached;
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
    expect((await webAppRefresh(server, refresh_token)).status).toBe(200);
    held.release();
    expect((await refusalOf(first)).slice(0, 2)).toEqual([400, 'invalid_grant']);
  });

  it('hold the answer of a request that was processed', async () => {
    const { refresh_token } = await webAppTokens(server);
    const held = fault.heldAnswer();
    server.faults.next('token', held);
    const first = webAppRefresh(server, refresh_token);
    await held.reached;
    expect(server.refreshTokenIsLive(refresh_token)).toBe(false);
    held.release();
    expect((await first).status).toBe(200);
  });

  it('outlive a server that is stopped meanwhile', async () => {
    const held = fault.held();
    server.faults.next('token', held);
    const request = ask();
    await held.reached;
    await server.stop();
    await expect(request).rejects.toThrow('fetch failed');
    held.release();
    await server.waitFor({ outcome: 'granted' });
  });
});

describe('faults of your own', () => {
  it('are functions of the exchange', async () => {
    const teapot: Fault = async ({ process }) => ({ ...(await process()), status: 418 });
    server.faults.next('token', teapot);
    const response = await ask();
    expect(response.status).toBe(418);
    expect(await response.json()).toMatchObject({ token_type: 'bearer' });
  });

  it('are chained from others, the outermost first', async () => {
    const { refresh_token } = await webAppTokens(server);
    const held = fault.held();
    server.faults.next('token', fault.chain(held, fault.lostAnswer()));
    const refresh = webAppRefresh(server, refresh_token);
    await held.reached;
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
    held.release();
    await expect(refresh).rejects.toThrow('fetch failed');
    expect(server.refreshTokenIsLive(refresh_token)).toBe(false);
  });

  it('hand what they ask for through the chain', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', fault.chain(fault.keptRefreshToken(), fault.lostAnswer()));
    await expect(webAppRefresh(server, refresh_token)).rejects.toThrow('fetch failed');
    expect(server.refreshTokenIsLive(refresh_token)).toBe(true);
    expect(server.count({ grantType: 'refresh_token', outcome: 'granted' })).toBe(1);
  });

  it('process a request once, however often they ask', async () => {
    const { refresh_token } = await webAppTokens(server);
    server.faults.next('token', async ({ process }) => {
      await process();
      return process();
    });
    expect((await webAppRefresh(server, refresh_token)).status).toBe(200);
  });
});
