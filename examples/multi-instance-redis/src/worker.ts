// One process of the fleet, with the code of an application: a Redis, a storage over it, an auth object over that. How
// it uses its session, and reports to the fleet, is in rounds.ts.
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import { encryptedStorage } from '@frameio-auth/storage-encrypted';
import { redisStorage } from '@frameio-auth/storage-redis';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { Redis } from 'ioredis';
import { noteRefresh, takePart } from './rounds.ts';
import { shortLeases } from './short-leases.ts';

const { FRAMEIO_CLIENT_ID = '', FRAMEIO_CLIENT_SECRET = '', FRAMEIO_REDIRECT_URI = '' } = process.env;
const { REDIS_URL = '', REDIS_PREFIX = '', SESSIONS_KEY = '' } = process.env;

// All processes share the same Redis, prefix, key and client, which makes them a fleet.
const redis = new Redis(REDIS_URL);
const storage = encryptedStorage(redisStorage({ client: redis, keyPrefix: REDIS_PREFIX }), {
  keys: { '2030-01': SESSIONS_KEY }, // from: openssl rand -base64 32
  current: '2030-01',
});
const auth = new WebAppAuth({
  clientId: FRAMEIO_CLIENT_ID,
  clientSecret: FRAMEIO_CLIENT_SECRET,
  redirectUri: FRAMEIO_REDIRECT_URI,
  transport: fetchTransport(),
  storage: shortLeases(storage), // In an application: `storage`.
  server: adobeIms({ origin: process.env['IMS_ORIGIN'] ?? '' }), // In an application: omit it for Adobe's own.
  onTokenRefreshed: noteRefresh, // In an application: omit it. Here it reports which worker refreshed.
});

// Call `getToken()` before every request, in each process, as if it were the only one.
await takePart(auth.session('mara'));

await auth.close();
await storage.close();
await redis.quit();
