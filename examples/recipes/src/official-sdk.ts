import type { TokenSource } from '@frameio-auth/core/adapter';
import { FrameioClient, FrameioError } from './stand-in/frameio.ts'; // In your program: from 'frameio'.

/** The SDK requests the token before each call. `token: auth.getToken` works too: it does not need `this`. */
export function frameioSdk(auth: TokenSource, environment = 'https://api.frame.io') {
  return new FrameioClient({ environment, token: () => auth.getToken() });
}

/**
 * Retries a call once after a 401, on which the SDK throws, if there is another token. A rejected call had no effect.
 */
export async function repeatAfter401<T>(auth: TokenSource, call: () => Promise<T>): Promise<T> {
  const token = await auth.getToken();
  return call().catch(async (error) => {
    // After a redirect, another server may have responded, which got no token.
    const refused = error instanceof FrameioError && error.statusCode === 401 && !error.rawResponse?.redirected;
    if (!refused || (await auth.getToken({ rejected: token })) === token) throw error;
    return call();
  });
}
