import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';

/** Where Node keeps what it has compiled. */
const COMPILED = fileURLToPath(new URL('../node_modules/.compiled', import.meta.url));

/** What the application says: where to sign in, and then how it went. */
interface News {
  readonly url?: string;
  readonly status?: number;
  readonly error?: string;
}

/** Signs in, refreshes and sends a request on a platform that lacks what older browsers lack, and more. */
async function onOlderPlatform(missing?: string): Promise<News> {
  await using server = await startAuthorizationServer();
  const client = server.clients.singlePageApp;
  const child = fork(fileURLToPath(new URL('older-platform.ts', import.meta.url)), {
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: COMPILED,
      OLDER_PLATFORM: JSON.stringify({ origin: server.origin, client, missing }),
    },
    execArgv: [],
  });
  const exit = once(child, 'exit');
  const [begun] = (await once(child, 'message')) as [News];
  let news = begun;
  if (begun.url !== undefined) {
    const received = once(child, 'message');
    child.send(await server.signIn(begun.url));
    [news] = (await received) as [News];
  }
  await exit;
  return news;
}

describe.concurrent('a page in a browser of early 2022', () => {
  it('signs in, refreshes and sends requests', async () => {
    expect(await onOlderPlatform()).toEqual({ status: 200 });
  });

  it.each([
    ['crypto.subtle', /^ConfigurationError: .*crypto\.subtle.*over https, or from localhost/],
    ['Headers', /^ConfigurationError: .*has no Headers.*Chrome and Edge 99, Firefox 97, Safari 15\.4/],
  ])('that has no %s is told at once', async (missing, message) => {
    expect((await onOlderPlatform(missing)).error).toMatch(message);
  });
}, 60_000);
