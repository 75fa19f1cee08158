// The program of `npm test`: visits each application over HTTPS, signs a user in, and signs her out.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { adobeIms } from '@frameio-auth/core';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { type Framework, frameworks, type RunningService, serve } from './serve.ts';

/** The parts of a browser that are needed: keeps cookies, and says where its requests come from. */
class Browser {
  readonly #service: RunningService;
  readonly #cookies = new Map<string, string>();

  constructor(service: RunningService) {
    this.#service = service;
  }

  async open(
    address: string,
    method = 'GET',
    more: Record<string, string> = {},
  ): Promise<{ status: number; location: string; html: string }> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = request(new URL(address, this.#service.home), {
      method,
      ca: this.#service.certificate,
      agent: false,
      headers: {
        cookie,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
        ...more,
      },
    });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    for (const set of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^(__Host-[\w-]+)=([^;]*);/.exec(set) ?? [];
      this.#cookies.set(name, value);
    }
    return { status: answer.statusCode ?? 0, location: answer.headers.location ?? '', html: await text(answer) };
  }
}

for (const framework of Object.keys(frameworks) as Framework[]) {
  const local = await startAuthorizationServer();
  const { clientId, clientSecret } = local.clients.webApp;
  const service = await serve({
    framework,
    account: { clientId, clientSecret, server: adobeIms({ origin: local.origin }), api: local.origin },
    redirectUri: 'https://localhost:0/callback',
  });
  try {
    const mara = new Browser(service);
    assert.match((await mara.open('/')).html, /Sign in with Adobe/);
    const callback = await local.signIn((await mara.open('/login')).location);

    assert.equal((await new Browser(service).open(callback)).status, 400, 'the callback is worth nothing elsewhere');
    assert.equal((await mara.open(callback, 'HEAD')).status, 204, 'nor is it spent by looking');
    assert.equal((await mara.open(callback, 'GET', { 'sec-purpose': 'prefetch' })).status, 503);
    assert.equal((await mara.open(callback)).location, '/');
    assert.match((await mara.open('/')).html, /Hello, Mara Editor/);
    assert.equal((await mara.open(callback)).location, '/', 'a reloaded callback ends where the first one did');
    assert.match((await mara.open('/')).html, /Hello, Mara Editor/);

    assert.equal((await mara.open('/logout', 'POST')).location, '/');
    assert.match((await mara.open('/')).html, /Sign in with Adobe/);
    console.log(`${framework}: signed in, and signed out`);
  } finally {
    await service.close();
    await local.close();
  }
}
