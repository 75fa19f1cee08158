// A service that calls Frame.io with its own credentials, in plain Node. Run it with `npm start`.
import { fileURLToPath } from 'node:url';
import { adobeIms, FrameioAuthError, ServerToServerAuth } from '@frameio-auth/core';
import { fileStorage } from '@frameio-auth/storage-file';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';

// A local server that behaves like Adobe's and Frame.io's, so that this runs without an account.
const local = await startAuthorizationServer();

// For real use, delete everything that mentions `local`, and replace the next two lines with these:
//   const account = { clientId: 'your client ID', clientSecret: process.env['FRAMEIO_CLIENT_SECRET'] ?? '' };
//   const api = 'https://api.frame.io';
const account = { ...local.clients.serverToServer, server: adobeIms({ origin: local.origin }) };
const api = local.origin;

// Tokens outlive the program here, and other processes of this host share them. Those of the local server do not,
// because each start creates a new server. The README lists other storages.
const storage = fileStorage({ directory: fileURLToPath(new URL('../.sessions', import.meta.url)) });

// One for the whole program. It requests a token when one is first needed, and refreshes it before it expires.
const auth = new ServerToServerAuth({
  ...account,
  transport: fetchTransport(),
  storage,
  onStateChange: ({ from, to }) => console.log(`  ${from} → ${to}`),
});

// A fetch that sends the token, only to this origin. After a 401, it retries the call once with a new token.
const callFrameio = authenticatedFetch(auth, { allowedOrigins: [api] });

try {
  const answer = await callFrameio(`${api}/v4/me`);
  console.log(`GET /v4/me: ${answer.status} ${await answer.text()}`);

  // For a client library that takes the token itself, such as `new FrameioClient({ token: () => auth.getToken() })`.
  // Call it each time and keep no copy: while the token is valid, a call takes less than a microsecond.
  const token = await auth.getToken();
  const until = new Date(auth.snapshot.expiresAt ?? 0).toISOString();
  console.log(`A token of ${token.length} characters, good until ${until}`);
} catch (error) {
  // Every error says what happened and what to do. None contains a token, so errors may be logged as they are.
  if (!(error instanceof FrameioAuthError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await auth.close();
  await storage.close();
  await local.close();
}
