/**
 * Measures tokens, steps, sessions, storages, requests and fleets. `npm run bench` prints each figure with its ratio to
 * the first of its table, all from one run, because absolute times differ between machines and ratios hardly do.
 * `npm run bench -- scale` measures many sessions in one process instead, which takes about half an hour.
 */
import { authenticatedRequests } from './authenticated-requests.ts';
import { cachedToken } from './cached-token.ts';
import { fleetRefresh } from './fleet-refresh.ts';
import { idleSessions } from './idle-sessions.ts';
import { inspection } from './inspection.ts';
import { machineStep } from './machine-step.ts';
import { onPrivateRedis } from './private-redis.ts';
import { refreshRoundTrips } from './refresh-round-trips.ts';
import { scale } from './scale.ts';
import { sessionsPerSecond } from './sessions-per-second.ts';
import { storageRoundTrips } from './storage-round-trips.ts';

console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
const [which, ...sizes] = process.argv.slice(2);
if (which === 'scale') {
  await onPrivateRedis(scale(sizes.length > 0 ? sizes.map(Number) : undefined));
} else {
  await cachedToken();
  await machineStep();
  await inspection();
  await idleSessions();
  await storageRoundTrips();
  await authenticatedRequests();
  await onPrivateRedis(refreshRoundTrips, fleetRefresh, sessionsPerSecond);
}
