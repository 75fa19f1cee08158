import type { WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import { describe, expect, it } from 'vitest';
import { errorOf, startWorld } from '../session/world.js';

/** One instance over a shared storage, and what it asks that storage about sessions and pending sign-ins. */
interface Instance {
  readonly auth: WebAppAuth;
  /** The requests since the last call of `requests()`. */
  readonly seen: readonly string[];
  /** Returns the requests since the last call, such as `read session`. */
  requests(): string[];
}

async function twoInstances() {
  const world = await startWorld();
  const shared = memoryStorage({ clock: world.clock });
  const instance = (): Instance => {
    let requests: string[] = [];
    const note = (operation: string, key: string) => {
      const [, record] = /\/(session|authorization)\//.exec(key) ?? [];
      if (record !== undefined) requests.push(`${operation} ${record}`);
    };
    const storage: TokenStorage = {
      ...shared,
      read(key) {
        note('read', key);
        return shared.read(key);
      },
      lease(key, request) {
        note('lease', key);
        return shared.lease(key, request);
      },
      commit(key, request) {
        note('commit', key);
        return shared.commit(key, request);
      },
    };
    return {
      auth: world.portal({ storage }),
      get seen() {
        return requests;
      },
      requests() {
        const asked = requests;
        requests = [];
        return asked;
      },
    };
  };
  const [one, other] = [instance(), instance()];
  /** Begins a sign-in on the first instance, and resolves to its callback. */
  const callbackOf = async (deny = false) => {
    const { url } = await one.auth.session('mara').getAuthorizationUrl();
    one.requests();
    return world.server.signIn(url, { deny });
  };
  return { ...world, one, other, callbackOf };
}

const SIGN_IN = ['read authorization', 'read session', 'commit authorization', 'commit session'];

describe('a sign-in', () => {
  it('begins with one read of the session, and one read and one write of the pending sign-in', async () => {
    const { one } = await twoInstances();
    await one.auth.session('mara').getAuthorizationUrl();
    expect(one.requests()).toEqual(['read session', 'read authorization', 'commit authorization']);
    await one.auth.session('mara').getAuthorizationUrl();
    expect(one.requests()).toEqual(['read session', 'read authorization', 'commit authorization']);
  });

  it('begins without reading a session whose tokens are known', async () => {
    const { one, callbackOf } = await twoInstances();
    await one.auth.handleCallback(await callbackOf());
    one.requests();
    await one.auth.session('mara').getAuthorizationUrl();
    expect(one.requests()).toEqual(['read authorization', 'commit authorization']);
  });

  it.each(['the auth object', 'the session'])('is completed by %s with one read and one write of each', async (by) => {
    const { other, callbackOf } = await twoInstances();
    const callback = await callbackOf();
    await (by === 'the session' ? other.auth.session('mara') : other.auth).handleCallback(callback);
    expect(other.requests()).toEqual(SIGN_IN);
  });

  it('is completed by exchangeCode() with the same requests', async () => {
    const { other, callbackOf } = await twoInstances();
    const { searchParams } = new URL(await callbackOf());
    const [code, state] = [searchParams.get('code') ?? '', searchParams.get('state') ?? ''];
    await other.auth.session('mara').exchangeCode({ code, state });
    expect(other.requests()).toEqual(SIGN_IN);
  });

  it('in the place of another reads nothing that is known', async () => {
    const { one, callbackOf } = await twoInstances();
    await one.auth.handleCallback(await callbackOf());
    const again = await callbackOf();
    await one.auth.handleCallback(again);
    expect(one.requests()).toEqual(['read authorization', 'commit authorization', 'commit session']);
  });

  it('that the user declined reads and writes the pending sign-in alone', async () => {
    const { other, callbackOf } = await twoInstances();
    const declined = await callbackOf(true);
    expect(await errorOf(other.auth.handleCallback(declined))).toMatchObject({ code: 'access_denied' });
    expect(other.requests()).toEqual(['read authorization', 'commit authorization']);
  });

  it('that may be repeated also writes its outcome, which a repetition reads once', async () => {
    const { one, other, callbackOf } = await twoInstances();
    const callback = await callbackOf();
    await one.auth.handleCallback(callback, { allowRepeat: true });
    // The outcome is written in the background.
    await expect.poll(() => one.seen, { interval: 5 }).toEqual([...SIGN_IN, 'commit authorization']);
    one.requests();
    await one.auth.handleCallback(callback, { allowRepeat: true });
    expect(one.requests()).toEqual(['read authorization']);
    await other.auth.handleCallback(callback, { allowRepeat: true });
    expect(other.requests()).toEqual(['read authorization', 'read session']);
  });
});
