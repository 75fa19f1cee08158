import { adobeIms, ServerToServerAuth, StaticTokenAuth, WebAppAuth } from '@frameio-auth/core';
import {
  type InspectorFunction,
  type InspectorMessage,
  localInspector,
  type SnapshotMessage,
  safeInspector,
} from '@frameio-auth/inspector';
import { fault, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { describe, expect, it } from 'vitest';

/** Runs a service with a server like Adobe's, on virtual time, and reports to an inspector. */
async function service(sink: (message: InspectorMessage) => unknown, accessTokenLifetime = 3_600) {
  const clock = manualClock();
  const server = await startAuthorizationServer({ clock, accessTokenLifetime });
  const auth = new ServerToServerAuth({
    ...server.clients.serverToServer,
    server: adobeIms({ origin: server.origin }),
    transport: fetchTransport(),
    clock,
    inspect: safeInspector({ sink, instance: 'here' }),
  });
  const dispose = async () => {
    await auth.close();
    await server.close();
  };
  return { auth, clock, server, [Symbol.asyncDispose]: dispose };
}

/** Returns the labels that an inspector gives to sessions with these keys. */
async function labelsOf(keys: readonly string[], inspect: InspectorFunction, received: readonly InspectorMessage[]) {
  const auth = new WebAppAuth({
    clientId: 'review-portal.fictional',
    clientSecret: 'client-secret.fictional',
    redirectUri: 'https://review-portal.example/callback',
    transport: fetch,
    inspect,
  });
  for (const key of keys) auth.session(key);
  await auth.close();
  const begun = received.filter((message) => message.type === '@xstate.actor').map(({ frameio }) => frameio.label);
  expect(begun.shift()).toBe('default');
  return begun;
}

describe('the messages', () => {
  it('is each event, and after it what came of it', async () => {
    const received: InspectorMessage[] = [];
    await using scene = await service((message) => received.push(message));
    await scene.auth.getToken();
    expect(received.map(({ type }) => type).slice(0, 3)).toEqual([
      '@xstate.actor',
      '@xstate.event',
      '@xstate.snapshot',
    ]);
    const snapshots = received.filter((message) => message.type === '@xstate.snapshot');
    expect(
      snapshots.map(({ event, frameio }) => [
        event.type,
        frameio.transitions,
        frameio.effects.map(({ type }) => type),
        frameio.facts.state,
        frameio.facts.storage.lease,
      ]),
    ).toEqual([
      ['xstate.init', [], [], 'restoring.unread', 'none'],
      [
        'token.requested',
        ['restoring token.requested 0', 'restoring.unread  0'],
        ['readRecord'],
        'restoring.reading',
        'none',
      ],
      [
        'record.read',
        ['restoring.reading record.read 0', 'settling  0'],
        ['adoptTokens', 'requestLease'],
        'authorizing.leasing',
        'none',
      ],
      [
        'lease.granted',
        ['authorizing.leasing lease.granted 0'],
        ['requestToken', 'startTimer'],
        'authorizing.requesting',
        'own',
      ],
      [
        'tokenResponse.received',
        ['authorizing.requesting tokenResponse.received 0'],
        ['stopTimer', 'holdTokens', 'commitTokens'],
        'authorizing.committing',
        'own',
      ],
      [
        'commit.succeeded',
        ['authorizing.committing commit.succeeded 1', 'settling  8'],
        ['adoptTokens', 'announceTokens', 'confirmSignIn', 'serveCallers', 'serveCallers', 'startTimer'],
        'valid.fresh',
        'none',
      ],
    ]);
    expect(received.map(({ frameio }) => frameio.sequence)).toEqual(received.map((_, index) => index + 1));
    expect(new Set(received.map(({ sessionId, rootId }) => `${sessionId} ${rootId}`))).toEqual(
      new Set(['here/1 here/1']),
    );
  });

  it('is when a token expires, and when it is refreshed', async () => {
    const received: InspectorMessage[] = [];
    await using scene = await service((message) => received.push(message));
    const start = scene.clock.now();
    await scene.auth.getToken();
    const { facts } = (received.at(-1) as SnapshotMessage).frameio;
    const expiresAt = start + 3_600_000;
    expect(facts).toMatchObject({ now: start, issuedAt: start, expiresAt, hasUsableToken: true });
    expect(facts).toMatchObject({ attempt: 0, failure: null, retryAt: null });
    // The first half of the refresh buffer, which is five minutes.
    expect(facts.refreshAt).toEqual({ notBefore: expiresAt - 300_000, notAfter: expiresAt - 150_000 });
    expect(facts.storage).toEqual({ version: 1, newest: 1, unwritten: null, lease: 'none' });
    await scene.auth.revoke();
    expect((received.at(-1) as SnapshotMessage).frameio.facts).toMatchObject({
      state: 'revoked',
      hasUsableToken: false,
    });
  });

  it('is what failed, how often, and when it is tried again', async () => {
    const received: InspectorMessage[] = [];
    await using scene = await service((message) => received.push(message));
    await scene.auth.getToken();
    scene.server.faults.next('token', fault.status(503, { retryAfter: 30 }));
    await expect(scene.auth.refresh()).rejects.toThrow();
    const { facts } = (received.at(-1) as SnapshotMessage).frameio;
    const now = scene.clock.now();
    expect(facts).toMatchObject({ state: 'refreshing.backingOff', attempt: 1, refreshAt: null, ending: null });
    expect(facts.failure).toEqual({
      kind: 'transient',
      source: 'server',
      code: 'http_503',
      status: 503,
      retryAfter: 30_000,
    });
    expect(facts.retryAt).toEqual({ notBefore: now + 30_000, notAfter: now + 31_000 });
  });

  it('is the end of a session that is closed, and nothing of one that has no machine', async () => {
    const received: InspectorMessage[] = [];
    await using scene = await service((message) => received.push(message));
    await scene.auth.close();
    expect(received.at(-1)).toMatchObject({ event: { type: 'xstate.stop' }, snapshot: { status: 'stopped' } });
    const before = received.length;
    await new StaticTokenAuth('fio-u-fictional').getToken();
    expect(received.length).toBe(before);
  });
});

describe('a sink that fails', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('The sink is full.');
      },
    ],
    ['rejects', () => Promise.reject(new Error('The sink is full.'))],
  ])('and %s is not the session’s affair', async (_how, sink) => {
    await using scene = await service(sink);
    expect(scene.server.accessTokenIsLive(await scene.auth.getToken())).toBe(true);
  });

  it('by being none is rejected when the inspector is made', () => {
    expect(() => safeInspector({ sink: 'stdout' as never })).toThrow('`sink` must be a function');
  });
});

describe('labels', () => {
  const keys = ['mara@studio.example', 'jun@studio.example', 'mara@studio.example'];

  it('are pseudonyms that stay the same for a key, and say nothing of it', async () => {
    const received: InspectorMessage[] = [];
    const labels = await labelsOf(keys, safeInspector({ sink: (message) => received.push(message) }), received);
    expect(labels).toEqual([expect.stringMatching(/^session-[\da-f]{8}$/), expect.any(String)]);
    expect(new Set(labels).size).toBe(2);
  });

  it('differ from process to process, unless they share a label key', async () => {
    const labelled = async (labelKey?: string) => {
      const received: InspectorMessage[] = [];
      const sink = (message: InspectorMessage) => received.push(message);
      return labelsOf(keys, safeInspector({ sink, ...(labelKey !== undefined && { labelKey }) }), received);
    };
    expect(await labelled('label-key.fictional')).toEqual(await labelled('label-key.fictional'));
    expect(await labelled()).not.toEqual(await labelled());
    expect(await labelled('label-key.fictional')).not.toEqual(await labelled('another-key.fictional'));
  });

  it('are the keys where that was asked for, in one line and cut short', async () => {
    const received: InspectorMessage[] = [];
    const inspect = safeInspector({ showKeys: true, sink: (message) => received.push(message) });
    const labels = await labelsOf(['mara\r\n\u202egpj', 'x'.repeat(200)], inspect, received);
    expect(labels).toEqual(['mara gpj', 'x'.repeat(80)]);
  });

  it('of instances are names of their own, or random ones', async () => {
    await using named = localInspector({ instance: 'ingest-1' });
    await using unnamed = localInspector();
    expect(named.instance).toBe('ingest-1');
    expect(unnamed.instance).toMatch(new RegExp(`^${process.pid}-[\\da-f]{6}$`));
  });
});
