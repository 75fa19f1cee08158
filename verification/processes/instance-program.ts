import { open, unlink } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import { type ManualClock, manualClock } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { answerCommands, reportEvent } from '../child-program.ts';
import type { Commands, RefreshBegan } from './instance.ts';

/** One process of a host: an application that shares a directory with others, and carries out the commands of its parent. */

let auth: WebAppAuth;
let clock: ManualClock;

answerCommands<Commands>({
  async open({ directory, origin, client, now }) {
    if (now !== undefined) clock = manualClock({ now });
    const time = now === undefined ? {} : { clock };
    const storage = fileStorage({ directory, ...time });
    auth = new WebAppAuth({ ...client, server: adobeIms({ origin }), transport: fetchTransport(), storage, ...time });
    return null;
  },

  async getTokens({ callers }) {
    return Promise.all(Array.from({ length: callers }, () => auth.getToken()));
  },

  async refresh() {
    // Sent before anything is done: a process that was killed without a message has not begun.
    reportEvent({ replaced: auth.peekToken() ?? '' } satisfies RefreshBegan);
    try {
      await auth.refresh();
      return { token: await auth.getToken() };
    } catch {
      return { ending: auth.snapshot.ending?.cause ?? 'none' };
    }
  },

  async advance({ milliseconds }) {
    await clock.advance(milliseconds);
    return clock.now();
  },

  async increment({ directory, key, times }) {
    const storage = fileStorage({ directory });
    const versions: number[] = [];
    let { record } = await storage.read(key);
    while (versions.length < times) {
      const value = String(Number(record?.value ?? 0) + 1);
      const reply = await storage.commit(key, { value, expectedVersion: record?.version ?? 0 });
      if (reply.outcome === 'committed') versions.push(reply.version);
      record = reply.outcome === 'committed' ? { value, version: reply.version } : reply.record;
    }
    await storage.close();
    return versions;
  },

  async lead({ directory, key, times }) {
    const storage = fileStorage({ directory });
    let trespasses = 0;
    for (let led = 0; led < times; ) {
      const lease = await leaseOf(storage, key);
      if (lease === undefined) {
        await delay(2);
        continue;
      }
      // The system creates a file once: a process that finds it is not alone.
      const flag = join(directory, 'leader.flag');
      const file = await open(flag, 'wx').catch(() => undefined);
      if (file === undefined) trespasses += 1;
      await file?.close();
      await unlink(flag).catch(() => {
        trespasses += 1;
      });
      if (led % 2 === 0) await storage.release(lease.lease);
      else await storage.commit(key, { value: 'led', expectedVersion: lease.record?.version ?? 0, lease: lease.lease });
      led += 1;
    }
    await storage.close();
    return trespasses;
  },
});

async function leaseOf(storage: TokenStorage, key: string) {
  const { record } = await storage.read(key);
  const owner = `process ${process.pid}`;
  const reply = await storage.lease(key, { owner, ttl: 60_000, ifVersion: record?.version ?? 0 });
  return reply.outcome === 'granted' ? reply : undefined;
}

flushCompileCache(); // Node does it at the end of a process, and this one will be killed.
