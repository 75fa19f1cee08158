import type { TokenSource } from '@frameio-auth/core/adapter';
import { manualClock } from '@frameio-auth/testing';
import { authInterceptor, rateLimitInterceptor } from '@frameio-auth/transport-undici';
import { Agent, type Dispatcher, request } from 'undici';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { NEW, OLD } from './api.js';

const ORIGIN = 'https://api.frame.io';

const agent = new Agent();
afterAll(() => agent.destroy());

/**
 * Stands in for the network: the first response is a rejection, and its end is delivered within the
 * call of `resume()`, as undici does with what it has already read. The second response is good.
 */
function rejecting(status: number): { readonly network: Dispatcher.DispatcherComposeInterceptor; abort: () => void } {
  const abort = vi.fn();
  let requests = 0;
  const network: Dispatcher.DispatcherComposeInterceptor = () => (_, handler) => {
    requests += 1;
    const good = requests > 1;
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      handler.onResponseEnd?.(controller, {});
    };
    const controller = {
      ...{ aborted: false, paused: false, reason: null, rawHeaders: [], rawTrailers: [] },
      abort,
      pause: () => {},
      resume: end,
    } as unknown as Dispatcher.DispatchController;
    handler.onRequestStart?.(controller, {});
    handler.onResponseStart?.(controller, good ? 200 : status, { 'retry-after': '0' }, '');
    handler.onResponseData?.(controller, Buffer.from(good ? 'hello' : 'not you'));
    if (good) end();
    return true;
  };
  return { network, abort };
}

describe('a rejection whose end comes at once when it is read on', () => {
  it('of the token is followed by the retry', async () => {
    const { network, abort } = rejecting(401);
    const getToken: TokenSource['getToken'] = async (options) => (options?.rejected === undefined ? OLD : NEW);
    const dispatcher = agent.compose(network, authInterceptor({ getToken }));

    const { statusCode, body } = await request(`${ORIGIN}/v4/me`, { dispatcher });

    expect([statusCode, await body.text()]).toEqual([200, 'hello']);
    expect(abort).not.toHaveBeenCalled();
  });

  it('by a rate limit is followed by the retry, and nothing is aborted later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { network, abort } = rejecting(429);
    const clock = manualClock();
    const dispatcher = agent.compose(network, rateLimitInterceptor({ clock, random: () => 0 }));

    const answer = request(`${ORIGIN}/v4/me`, { dispatcher });
    expect(clock.pendingTimers).toHaveLength(1);
    vi.runAllTimers();
    await clock.advance(60_000);

    expect((await answer).statusCode).toBe(200);
    expect(abort).not.toHaveBeenCalled();
  });
});
