/**
 * What tokens, steps, sessions and storages cost. `npm run bench` prints each figure with its ratio to the first of its table,
 * all from one run, because nanoseconds differ from machine to machine and ratios hardly do.
 */
import { cachedToken } from './cached-token.ts';
import { idleSessions } from './idle-sessions.ts';
import { machineStep } from './machine-step.ts';
import { storageRoundTrips } from './storage-round-trips.ts';

console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
await cachedToken();
await machineStep();
await idleSessions();
await storageRoundTrips();
