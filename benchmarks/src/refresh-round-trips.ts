import type { WebAppAuth } from '@frameio-auth/core';
import { redisStorage } from '@frameio-auth/storage-redis';
import type { RedisServer } from '@frameio-auth/verification/redis';
import { FictionalTokenServer, fictionalTokens, fictionalWebApp } from './fictional-web-app.ts';
import { commandsDuring, connected, type SeenCommand } from './redis-commands.ts';

/** The participants of one refresh, and how many round trips to Redis each may take. */
const PARTS = [
  { name: 'the instance that renews', roundTrips: 2 },
  { name: 'one that waits for it', roundTrips: 2 },
  { name: 'one that only hears of it', roundTrips: 1 },
] as const;

/**
 * Lists every command of one refresh, by sender. Their number does not depend on the machine, so it is checked here.
 */
export async function refreshRoundTrips(redis: RedisServer): Promise<void> {
  const server = new FictionalTokenServer(50);
  const clients = await Promise.all(PARTS.map(() => connected(redis)));
  const storages = clients.map((client) => redisStorage({ client }));
  const apps = storages.map((storage) => fictionalWebApp(server, storage));
  const [renewing, waiting, hearing] = apps as [WebAppAuth, WebAppAuth, WebAppAuth];
  try {
    await renewing.importTokens(fictionalTokens({ expiresAt: Date.now() + 60_000 }));
    await renewing.refresh(); // Now Redis has the scripts.
    await renewing.importTokens(fictionalTokens({ expiresAt: Date.now() - 1_000 }));
    for (const app of apps) await app.exportTokens();
    const seen = await commandsDuring(redis, async () => {
      const heard = adopted(hearing, server);
      const asked = server.nextRequest();
      const tokens = [renewing.getToken()];
      await asked;
      tokens.push(waiting.getToken());
      await Promise.all([...tokens, heard]);
    });
    console.log('The commands of one refresh, with those inside of their scripts');
    for (const [index, { name, roundTrips }] of PARTS.entries()) {
      const info = String(await clients[index]?.call('CLIENT', 'INFO'));
      const trips = roundTripsOf(seen, / addr=(\S+)/.exec(info)?.[1]);
      for (const [trip, line] of trips.entries()) console.log(`  ${(trip === 0 ? name : '').padEnd(30)} ${line}`);
      if (trips.length !== roundTrips) throw new Error(`There are ${trips.length} round trips for ${name}.`);
    }
    console.log();
  } finally {
    for (const app of apps) await app.close();
    for (const storage of storages) await storage.close();
    for (const client of clients) client.disconnect();
  }
}

/** Resolves when a passive instance has the token that was issued last. */
function adopted(app: WebAppAuth, server: FictionalTokenServer): Promise<void> {
  return new Promise((resolve) => {
    app.subscribe(() => {
      if (app.peekToken() === server.issued) resolve();
    });
  });
}

/** Returns the commands of one client; each script with the commands that it called, which follow it. */
function roundTripsOf(seen: readonly SeenCommand[], source: string | undefined): readonly string[] {
  return seen.flatMap((command, index) => {
    if (command.source !== source) return [];
    const following = seen.slice(index + 1);
    const end = following.findIndex((other) => other.source !== 'lua');
    const inside = following.slice(0, end === -1 ? following.length : end).map(({ name }) => name);
    return [inside.length === 0 ? command.name : `${command.name} (${inside.join(', ')})`];
  });
}
