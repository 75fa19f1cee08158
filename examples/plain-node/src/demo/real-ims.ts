import { adobeIms, FrameioAuthError, ServerToServerAuth } from '@frameio-auth/core';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { NoSuccess } from './claims.ts';
import { Journey } from './journey.ts';
import type { Stage } from './stage.ts';
import { duration } from './time.ts';

const ACCOUNTS = 'https://api.frame.io/v4/accounts';

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `production` or `stage`. */
  readonly environment: string;
}

/**
 * Gets a token from the real Adobe IMS and calls the real Frame.io once.
 *
 * @throws NoSuccess
 */
export async function realIms(stage: Stage, { clientId, clientSecret, environment }: Credentials): Promise<void> {
  if (environment !== 'production' && environment !== 'stage') {
    throw new NoSuccess('FRAMEIO_IMS_ENVIRONMENT must be "production" or "stage"; leave it out for production.');
  }
  stage.title('A token from the real Adobe IMS');
  stage.text('A service signs in as itself, with the client ID and secret of your environment, and calls Frame.io.');

  const journey = new Journey();
  const { onStateChange } = journey;
  const server = adobeIms({ environment });
  const auth = new ServerToServerAuth({ clientId, clientSecret, server, transport: fetchTransport(), onStateChange });
  try {
    await auth.getToken();
    stage.states(journey.take());
    stage.fact('server', server.issuer);
    const { expiresAt } = auth.snapshot;
    stage.fact('token', expiresAt === null ? 'good until refused' : `good for ${duration(expiresAt - Date.now())}`);

    const { status } = await authenticatedFetch(auth)(ACCOUNTS);
    stage.fact('Frame.io', `GET /v4/accounts: ${status}`);
    if (status !== 200) throw new NoSuccess(adviceFor(status));
  } catch (error) {
    if (error instanceof NoSuccess) throw error;
    // The errors of these packages are written for people; the only other failure here is the call to Frame.io.
    throw new NoSuccess(error instanceof FrameioAuthError ? error.message : `No answer came from ${ACCOUNTS}.`);
  } finally {
    await auth.close();
  }
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403) {
    return `Frame.io answered ${status} to a good token: add the credential to a Frame.io account, and give it a role there.`;
  }
  return `Frame.io answered ${status}: try again later.`;
}
