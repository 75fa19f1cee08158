import { memoryStorage } from '@frameio-auth/storage-memory';
import { fault } from '@frameio-auth/testing';
import { expect, it } from 'vitest';
import { SECOND, startWorld } from './world.js';

it.each([0, -1, -3600, '0'])('presses no server that gives tokens an `expires_in` of %s', async (expiresIn) => {
  const { server, clock, service, signedIn } = await startWorld();
  server.faults.always('token', fault.altered({ expires_in: expiresIn }));
  for (const auth of [service(), await signedIn()]) {
    const before = server.count({ endpoint: 'token' });
    const tokens = new Set<string>();
    for (let call = 0; call < 200; call += 1) {
      tokens.add(await auth.getToken());
      await clock.advance(SECOND / 10);
    }
    // In 20 s: one at once, and after 1, 2, 4 and 8 s.
    expect(server.count({ endpoint: 'token' }) - before).toBeLessThanOrEqual(6);
    expect(tokens.size).toBeGreaterThan(2);
  }
});

it('presses no server for the instances of a fleet together', async () => {
  const { server, clock, portal, signedIn } = await startWorld();
  server.faults.always('token', fault.altered({ expires_in: 0 }));
  const storage = memoryStorage({ clock });
  await signedIn({ storage });
  const fleet = [portal({ storage }), portal({ storage }), portal({ storage })];
  for (let call = 0; call < 200; call += 1) {
    await Promise.all(fleet.map((auth) => auth.getToken()));
    await clock.advance(SECOND / 10);
  }
  expect(server.count({ endpoint: 'token' })).toBeLessThanOrEqual(20);
});
