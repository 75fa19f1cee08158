import type * as oauth from 'oauth4webapi';
import type { Clock } from '../kernel/clock.js';
import type { Failure } from '../kernel/failure.js';
import type { Purpose } from '../kernel/failure-policy.js';
import { type Redactor, redactor } from '../kernel/redaction.js';
import type { Secret } from '../kernel/secret.js';
import type { Transport } from '../kernel/transport.js';
import { adviceOnBasic, basicCredentials, clientAuth, clientSecretsOf } from './client-authentication.js';
import { readErrorResponse } from './error-response.js';
import { isUnprocessed, type SendOptions, sendRequest } from './send-request.js';
import type { ClientAuthentication, ServerProfile } from './server-profile.js';

export interface ClientRequestOptions {
  readonly profile: ServerProfile;
  readonly clientId: string;
  readonly clientSecrets: readonly Secret[];
  readonly transport: Transport;
  readonly clock: Pick<Clock, 'now'>;
}

/** A request in which the client authenticates. */
export interface ClientRequest<Content> {
  readonly purpose: Purpose;
  readonly endpoint: string;
  readonly authentication: ClientAuthentication;
  /** The secrets that it carries in addition to the client's own. */
  readonly secrets: readonly Secret[];
  send(authentication: oauth.ClientAuth, options: SendOptions): Promise<Response>;
  /** Parses the body of a 2xx; `undefined` if it is unusable. `redact` removes the secrets of the request. */
  read(text: string, redact: Redactor): Promise<Content | undefined>;
}

export type ClientReply<Content> =
  | { readonly ok: true; readonly content: Content }
  | { readonly ok: false; readonly failure: Failure };

export type SendClientRequest = <Content>(request: ClientRequest<Content>) => Promise<ClientReply<Content>>;

/** Returns a function that sends messages, each with the client secret that the server currently accepts. */
export function clientRequestSender({
  profile,
  clientId,
  clientSecrets,
  transport,
  clock,
}: ClientRequestOptions): SendClientRequest {
  const secrets = clientSecretsOf(clientSecrets);
  const encoding = profile.basicCredentials ?? 'form-encoded';

  return async (request) => {
    const { purpose, authentication } = request;
    const redact = redactor([
      ...secretTextsOf(clientId, clientSecrets),
      ...request.secrets.map((each) => each.reveal()),
    ]);
    const untried = [...secrets.candidates()];
    /** The first failure that is not about the secret, which is more informative than later ones. */
    let conclusive: Failure | undefined;
    for (;;) {
      const secret = untried.shift();
      const attempt = await sendRequest(transport, request.endpoint, redact, (options) =>
        request.send(clientAuth(authentication, encoding, secret), options),
      );
      if ('failure' in attempt) return { ok: false, failure: conclusive ?? attempt.failure };

      const { answer } = attempt;
      const content = isSuccess(answer.status) ? await request.read(answer.text, redact) : undefined;
      if (content !== undefined) {
        secrets.worked(secret);
        return { ok: true, content };
      }
      const response = readErrorResponse(answer, { profile, purpose, redact, now: clock.now() });
      // A rejection of the request also proves that the secret is right. A retry could consume the code, so this secret
      // goes first from now on.
      if (response.secret === 'accepted' && conclusive === undefined) secrets.worked(secret);
      const isAboutSecret = response.secret === 'rejected';
      const refusesClient = isAboutSecret || response.failure.code === 'invalid_client';
      const failure = refusesClient ? advised(response.failure, authentication) : response.failure;
      if (!isAboutSecret) conclusive ??= failure;
      // In a revocation, servers reject a client with other `error` values, and revoking twice does no harm.
      const isOtherWorthTrying = isAboutSecret || (purpose === 'revocation' && !isUnprocessed(answer.status));
      if (untried.length > 0 && isOtherWorthTrying) continue;
      return { ok: false, failure: conclusive ?? failure };
    }
  };

  function advised(failure: Failure, authentication: ClientAuthentication): Failure {
    if (authentication !== 'client_secret_basic') return failure;
    const advice = adviceOnBasic(clientId, clientSecrets, encoding);
    return advice === undefined ? failure : { ...failure, advice };
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Returns every text by which a server could repeat a client's secrets. */
export function secretTextsOf(clientId: string, secrets: readonly Secret[]): readonly string[] {
  return secrets.flatMap((secret) => [
    secret.reveal(),
    basicCredentials(clientId, secret, 'form-encoded'),
    basicCredentials(clientId, secret, 'raw'),
  ]);
}
