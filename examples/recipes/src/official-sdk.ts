import type { TokenSource } from '@frameio-auth/core/adapter';
import { FrameioClient, FrameioError } from './stand-in/frameio.ts'; // In your program: from 'frameio'.

/** The SDK asks for the token before each call. `token: auth.getToken` works too: it needs no `this`. */
export function frameioSdk(auth: TokenSource, environment = 'https://api.frame.io') {
  return new FrameioClient({ environment, token: () => auth.getToken() });
}

/** The SDK throws on a 401. This makes the call once more if there is another token: a refused call did nothing. */
export async function repeatAfter401<T>(auth: TokenSource, call: () => Promise<T>): Promise<T> {
  const token = await auth.getToken();
  return call().catch(async (error) => {
    // After a redirect it may be another server that answered, which had no token.
    const refused = error instanceof FrameioError && error.statusCode === 401 && !error.rawResponse?.redirected;
    if (!refused || (await auth.getToken({ rejected: token })) === token) throw error;
    return call();
  });
}
