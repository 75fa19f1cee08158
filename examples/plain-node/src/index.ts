// A service that calls Frame.io with its own credentials, in plain Node. Run it as it is: `npm start`.
import { fileURLToPath } from 'node:url';
import { adobeIms, FrameioAuthError, ServerToServerAuth } from '@frameio-auth/core';
import { fileStorage } from '@frameio-auth/storage-file';
import { startAuthorizationServer } from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';

// A server on this machine that behaves like Adobe's and Frame.io's, so that this runs without an account.
const local = await startAuthorizationServer();

// For the real thing, delete what says `local`, and put these two lines in the place of the next two:
//   const account = { clientId: 'your client ID', clientSecret: process.env['FRAMEIO_CLIENT_SECRET'] ?? '' };
//   const api = 'https://api.frame.io';
const account = { ...local.clients.serverToServer, server: adobeIms({ origin: local.origin }) };
const api = local.origin;

// Tokens outlive the program here, and further processes of this host share them; not those of the local server, which
// is another one at each start. For other places to keep them see the README.
const storage = fileStorage({ directory: fileURLToPath(new URL('../.sessions', import.meta.url)) });

// One for the whole program. It asks for a token when one is first needed, and renews it before it expires.
const auth = new ServerToServerAuth({
  ...account,
  transport: fetchTransport(),
  storage,
  onStateChange: ({ from, to }) => console.log(`  ${from} → ${to}`),
});

// A fetch that sends the token, to this origin alone. After a 401 it repeats the call once, with a new token.
const callFrameio = authenticatedFetch(auth, { allowedOrigins: [api] });

try {
  const answer = await callFrameio(`${api}/v4/me`);
  console.log(`GET /v4/me: ${answer.status} ${await answer.text()}`);

  // For a client library that wants the token itself, such as `new FrameioClient({ token: () => auth.getToken() })`.
  // Call it each time and keep nothing: while the token is good, that costs less than a microsecond.
  const token = await auth.getToken();
  const until = new Date(auth.snapshot.expiresAt ?? 0).toISOString();
  console.log(`A token of ${token.length} characters, good until ${until}`);
} catch (error) {
  // Every error says what happened and what to do, and none holds a token: it may be logged as it is.
  if (!(error instanceof FrameioAuthError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await auth.close();
  await storage.close();
  await local.close();
}
