import { adobeIms, FrameioAuthError, ServerToServerAuth } from '@frameio-auth/core';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { DemoError } from './checks.ts';
import type { Output } from './output.ts';
import { StateLog } from './state-log.ts';
import { duration } from './time.ts';

const ACCOUNTS = 'https://api.frame.io/v4/accounts';

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `production` or `output`. */
  readonly environment: string;
}

/**
 * Gets a token from the real Adobe IMS and calls the real Frame.io once.
 *
 * @throws DemoError
 */
export async function realIms(output: Output, { clientId, clientSecret, environment }: Credentials): Promise<void> {
  if (environment !== 'production' && environment !== 'stage') {
    throw new DemoError('FRAMEIO_IMS_ENVIRONMENT must be "production" or "stage"; the default is production.');
  }
  output.title('A token from the real Adobe IMS');
  output.text('A service signs in as itself, with the client ID and secret in your environment, and calls Frame.io.');

  const log = new StateLog();
  const { onStateChange } = log;
  const server = adobeIms({ environment });
  const auth = new ServerToServerAuth({ clientId, clientSecret, server, transport: fetchTransport(), onStateChange });
  try {
    await auth.getToken();
    output.states(log.take());
    output.fact('server', server.issuer);
    const { expiresAt } = auth.snapshot;
    output.fact(
      'token',
      expiresAt === null ? 'valid until it is rejected' : `valid for ${duration(expiresAt - Date.now())}`,
    );

    const { status } = await authenticatedFetch(auth)(ACCOUNTS);
    output.fact('Frame.io', `GET /v4/accounts: ${status}`);
    if (status !== 200) throw new DemoError(adviceFor(status));
  } catch (error) {
    if (error instanceof DemoError) throw error;
    // The messages of these packages say what to do. The only other failure here is the call to Frame.io.
    throw new DemoError(error instanceof FrameioAuthError ? error.message : `${ACCOUNTS} did not answer.`);
  } finally {
    await auth.close();
  }
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403) {
    return `Frame.io answered ${status} to a valid token: add the credential to a Frame.io account, and give it a role there.`;
  }
  return `Frame.io answered ${status}: try again later.`;
}
