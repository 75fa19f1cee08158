import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import { fileStorage } from '@frameio-auth/storage-file';
import { manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Instance } from '../../processes/instance.ts';

const PROCESSES = 4;
const KEY = 'fictional-session';

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'one-host-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

describe(`${PROCESSES} processes that share a directory`, () => {
  let instances: Instance[];
  beforeAll(() => {
    instances = Array.from({ length: PROCESSES }, () => new Instance());
  });
  afterAll(async () => void (await Promise.all(instances.map((instance) => instance.kill()))));

  it('lose none of their confirmed commits, and see versions that only grow', async () => {
    const directory = await makeDirectory();
    const times = 20;
    const results = instances.map((instance) => instance.call('increment', { directory, key: KEY, times }));
    const versions = await Promise.all(results);
    const { record } = await fileStorage({ directory }).read(KEY);
    expect(record?.value).toBe(String(PROCESSES * times));
    for (const own of versions) expect(own).toStrictEqual([...own].sort((one, other) => one - other));
    expect(new Set(versions.flat()).size).toBe(PROCESSES * times);
    expect(Math.max(...versions.flat())).toBe(record?.version);
  });

  it('never have the same lease at the same time', async () => {
    const directory = await makeDirectory();
    const results = instances.map((instance) => instance.call('lead', { directory, key: KEY, times: 10 }));
    expect(await Promise.all(results)).toStrictEqual(Array.from({ length: PROCESSES }, () => 0));
  });

  it('make one request for an expired session, though fifty callers ask in each, and all get the same token', async () => {
    const directory = await makeDirectory();
    const server = await startAuthorizationServer({ rotation: 'revoke-chain' });
    onTestFinished(() => server.close());
    const { origin } = server;
    const client = server.clients.webApp;

    const clock = manualClock({ now: Date.now() - 2 * 24 * 60 * 60_000 });
    const storage = fileStorage({ directory, clock });
    const auth = new WebAppAuth({
      ...client,
      server: adobeIms({ origin }),
      transport: fetchTransport(),
      storage,
      clock,
    });
    const { url } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    const old = await auth.getToken();
    await auth.close();

    await Promise.all(instances.map((instance) => instance.call('open', { directory, origin, client })));
    const tokens = await Promise.all(instances.map((instance) => instance.call('getTokens', { callers: 50 })));
    expect(server.count({ grantType: 'refresh_token' })).toBe(1);
    expect(tokens.flat()).toHaveLength(PROCESSES * 50);
    const [token = '', ...others] = new Set(tokens.flat());
    expect(others).toHaveLength(0);
    expect(token === old).toBe(false);
    expect(server.accessTokenIsLive(token)).toBe(true);
  });
});
