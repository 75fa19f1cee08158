import * as oauth from 'oauth4webapi';
import type { Secret } from '../kernel/secret.js';
import { formEncode } from './foreign-text.js';
import type { ClientAuthentication } from './server-profile.js';

/** How oauth4webapi is to authenticate a client; without a secret it says who it is and no more. */
export function clientAuth(method: ClientAuthentication, secret: Secret | undefined): oauth.ClientAuth {
  if (secret === undefined) return oauth.None();
  switch (method) {
    case 'client_secret_basic':
      return (_server, client, _body, headers) => {
        headers.set('authorization', `Basic ${basicCredentials(client.client_id, secret)}`);
      };
    case 'client_secret_post':
      return oauth.ClientSecretPost(secret.reveal());
    case 'none':
      return oauth.None();
  }
}

/**
 * Id and secret for HTTP Basic, form-encoded first (RFC 6749 §2.3.1). oauth4webapi's own also encodes `-`, `_`, `.`
 * and `*`, which the form encoding leaves alone, and which servers that forget to decode would then take for
 * another secret.
 */
export function basicCredentials(clientId: string, secret: Secret): string {
  return btoa(`${formEncode(clientId)}:${formEncode(secret.reveal())}`);
}

/** A client's secrets while one is being replaced: two are live, and the one that worked is tried first. */
export interface ClientSecrets {
  /** The secrets to try, one after the other; one `undefined` for a client that has none. */
  candidates(): readonly (Secret | undefined)[];
  worked(secret: Secret | undefined): void;
}

export function clientSecretsOf(secrets: readonly Secret[]): ClientSecrets {
  let preferred: Secret | undefined;
  return {
    candidates() {
      if (preferred === undefined) return secrets.length > 0 ? secrets : [undefined];
      return [preferred, ...secrets.filter((secret) => secret !== preferred)];
    },
    worked(secret) {
      preferred = secret;
    },
  };
}
