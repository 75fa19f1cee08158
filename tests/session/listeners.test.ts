import type { ExportedTokens, SessionSnapshot, StateChange } from '@frameio-auth/core';
import { fault } from '@frameio-auth/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { idle, LIFETIME, reaches, startWorld } from './world.js';

/** The mistakes of a listener, which must not affect others. */
const MISDEEDS: readonly (readonly [string, () => unknown])[] = [
  [
    'throws',
    () => {
      throw new Error('A listener that fails');
    },
  ],
  ['rejects', () => Promise.reject(new Error('A listener that fails'))],
];

describe.each(MISDEEDS)('a listener that %s', (_name, violation) => {
  it('harms neither the session nor the process', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));

    const { server, signedIn } = await startWorld();
    let called = 0;
    const bad = (() => {
      called += 1;
      return violation();
    }) as () => void;
    const auth = await signedIn({ onTokenRefreshed: bad, onStateChange: bad, inspect: bad });
    auth.subscribe(bad);
    await auth.refresh();
    expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
    await auth.revoke();
    expect(auth.snapshot.state).toBe('revoked');
    await idle();
    expect(called).toBeGreaterThan(20);
    expect(unhandled).toEqual([]);
  });
});

describe('inspect', () => {
  it('hears as an observer what it hears as a function, and may be an observer of nothing', async () => {
    const { service } = await startWorld();
    const heard: Record<'function' | 'observer', string[]> = { function: [], observer: [] };
    await service({ inspect: ({ type }) => heard.function.push(type) }).getToken();
    await service({ inspect: { next: ({ type }) => heard.observer.push(type) } }).getToken();
    await service({ inspect: {} }).getToken();
    expect(heard.observer.length).toBeGreaterThan(0);
    expect(heard.observer).toEqual(heard.function);
  });
});

describe('onTokenRefreshed', () => {
  it('hears the new tokens and the key, once each time this instance received some', async () => {
    const { server, clock, portal, signIn } = await startWorld();
    const heard: [ExportedTokens, string][] = [];
    const auth = portal({ onTokenRefreshed: (...call) => heard.push(call) });
    const mara = auth.session('mara');
    await signIn(mara);
    await mara.refresh();
    expect(heard).toHaveLength(2);
    const [, [tokens, key] = []] = heard;
    expect(key).toBe('mara');
    expect(tokens).toEqual(await mara.exportTokens());
    expect(tokens).toMatchObject({
      format: 1,
      issuedAt: clock.now() / 1000,
      expiresAt: (clock.now() + LIFETIME) / 1000,
    });
    expect(server.refreshTokenIsLive(tokens?.refreshToken ?? '')).toBe(true);
    expect(server.refreshTokenIsLive(heard[0]?.[0].refreshToken ?? '')).toBe(false);
  });
});

describe('onStateChange', () => {
  it('hears each step of a session with a snapshot of it, and nothing secret', async () => {
    const { server, service } = await startWorld();
    const changes: StateChange[] = [];
    const auth = service({ onStateChange: (change) => changes.push(change) });
    await auth.getToken();
    await auth.revoke();
    expect(changes.map(({ from, to }) => [from, to])).toEqual([
      ['restoring.unread', 'restoring.reading'],
      ['restoring.reading', 'authorizing.leasing'],
      ['authorizing.leasing', 'authorizing.requesting'],
      ['authorizing.requesting', 'authorizing.committing'],
      ['authorizing.committing', 'valid.fresh'],
      ['valid.fresh', 'revoking.requesting'],
      ['revoking.requesting', 'revoking.committing'],
      ['revoking.committing', 'revoked'],
    ]);
    for (const { key, to, snapshot } of changes) {
      expect([key, snapshot.key, snapshot.step, snapshot.state]).toEqual(['default', 'default', to, to.split('.')[0]]);
    }
    const received = JSON.stringify(changes);
    expect(server.secrets().filter((secret) => received.includes(secret))).toEqual([]);
  });
});

describe('subscribe()', () => {
  it('hears snapshots until it is ended, in its own name alone', async () => {
    const { signedIn } = await startWorld();
    const auth = await signedIn();
    const heard: SessionSnapshot[] = [];
    const listener = (snapshot: SessionSnapshot) => void heard.push(snapshot);
    const [first, second] = [auth.subscribe(listener), auth.subscribe(listener)];
    await auth.refresh();
    const twice = heard.length;
    expect(twice).toBeGreaterThanOrEqual(8);
    expect(heard.at(-1)).toEqual(auth.snapshot);
    first.unsubscribe();
    first.unsubscribe();
    await auth.refresh();
    expect(heard.length - twice).toBe(twice / 2);
    second.unsubscribe();
    const before = heard.length;
    await auth.refresh();
    expect(heard).toHaveLength(before);
  });

  it('may call back into the session', async () => {
    const { server, clock, service } = await startWorld();
    const auth = service();
    const tokens: Promise<string>[] = [];
    auth.subscribe(() => void tokens.push(auth.getToken()));
    await auth.getToken();
    clock.setNow(clock.now() + LIFETIME);
    await auth.getToken();
    await reaches(auth, 'valid.fresh');
    expect(new Set(await Promise.all(tokens)).size).toBe(2);
    expect(server.count({ endpoint: 'token' })).toBe(2);
  });
});

describe('a snapshot', () => {
  it('is plain JSON without secrets, and not the session’s own', async () => {
    const { server, clock, signedIn } = await startWorld();
    const auth = await signedIn();
    server.faults.next('token', fault.echo({ error: 'invalid_client' }));
    await auth.refresh().catch(() => {});
    const { snapshot } = auth;
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot).toMatchObject({
      key: 'default',
      state: 'refreshing',
      step: 'refreshing.backingOff',
      issuedAt: clock.now(),
      expiresAt: clock.now() + LIFETIME,
      refreshable: true,
      degraded: true,
      attempt: 1,
      failure: { code: 'invalid_client', kind: 'configuration' },
      ending: null,
    });
    const shown = JSON.stringify(snapshot);
    expect(server.secrets().filter((secret) => shown.includes(secret))).toEqual([]);
    Object.assign(snapshot, { state: 'revoked' });
    expect(auth.snapshot.state).toBe('refreshing');
  });
});
