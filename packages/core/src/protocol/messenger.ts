import type * as oauth from 'oauth4webapi';
import type { Clock } from '../kernel/clock.js';
import type { Failure } from '../kernel/failure.js';
import type { Purpose } from '../kernel/failure-policy.js';
import type { Secret } from '../kernel/secret.js';
import type { Transport } from '../kernel/transport.js';
import { basicCredentials, clientAuth, clientSecretsOf } from './client-authentication.js';
import { failureOfAnswer, saysWrongSecret } from './error-response.js';
import { exchange, type SendOptions } from './exchange.js';
import { cleaner } from './foreign-text.js';
import type { ClientAuthentication, ServerProfile } from './server-profile.js';

export interface MessengerOptions {
  readonly profile: ServerProfile;
  readonly clientId: string;
  readonly clientSecrets: readonly Secret[];
  readonly transport: Transport;
  readonly clock: Pick<Clock, 'now'>;
}

/** A request in which the client authenticates. */
export interface Message<Content> {
  readonly purpose: Purpose;
  readonly endpoint: string;
  readonly authentication: ClientAuthentication;
  /** The secrets that it carries besides the client's own. */
  readonly secrets: readonly Secret[];
  send(authentication: oauth.ClientAuth, options: SendOptions): Promise<Response>;
  /** What the body of a 200 holds; `undefined` when that is of no use. */
  read(text: string): Promise<Content | undefined>;
}

export type Reply<Content> =
  | { readonly ok: true; readonly content: Content }
  | { readonly ok: false; readonly failure: Failure };

export type Messenger = <Content>(message: Message<Content>) => Promise<Reply<Content>>;

/** Delivers messages, each with the client secret that the server accepts at present. */
export function messenger({ profile, clientId, clientSecrets, transport, clock }: MessengerOptions): Messenger {
  const secrets = clientSecretsOf(clientSecrets);

  return async (message) => {
    const clean = cleaner([...secretTextsOf(clientId, clientSecrets), ...message.secrets.map((each) => each.reveal())]);
    const untried = [...secrets.candidates()];
    for (;;) {
      const secret = untried.shift();
      const attempt = await exchange(transport, message.endpoint, clean, (options) =>
        message.send(clientAuth(message.authentication, secret), options),
      );
      if ('failure' in attempt) return { ok: false, failure: attempt.failure };

      const { answer } = attempt;
      const content = answer.status === 200 ? await message.read(answer.text) : undefined;
      if (content !== undefined) {
        secrets.worked(secret);
        return { ok: true, content };
      }
      if (untried.length > 0 && saysWrongSecret(profile, answer)) continue;
      return {
        ok: false,
        failure: failureOfAnswer(answer, { profile, purpose: message.purpose, clean, now: clock.now() }),
      };
    }
  };
}

/** Everything by which a server could repeat a client's secrets. */
export function secretTextsOf(clientId: string, secrets: readonly Secret[]): readonly string[] {
  return secrets.flatMap((secret) => [secret.reveal(), basicCredentials(clientId, secret)]);
}
