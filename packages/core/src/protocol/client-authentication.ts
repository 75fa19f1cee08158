import * as oauth from 'oauth4webapi';
import { formEncode } from '../kernel/redaction.js';
import type { Secret } from '../kernel/secret.js';
import type { ClientAuthentication } from './server-profile.js';

/** How HTTP Basic encodes ID and secret: form-encoded, as RFC 6749 §2.3.1 requires, or unencoded. */
export type BasicEncoding = 'form-encoded' | 'raw';

/** Returns how oauth4webapi authenticates a client; a client without a secret only sends its ID. */
export function clientAuth(
  method: ClientAuthentication,
  encoding: BasicEncoding,
  secret: Secret | undefined,
): oauth.ClientAuth {
  if (secret === undefined) return oauth.None();
  switch (method) {
    case 'client_secret_basic':
      return (_server, client, _body, headers) => {
        headers.set('authorization', `Basic ${basicCredentials(client.client_id, secret, encoding)}`);
      };
    case 'client_secret_post':
      return oauth.ClientSecretPost(secret.reveal());
    case 'none':
      return oauth.None();
  }
}

/**
 * Returns ID and secret for HTTP Basic. oauth4webapi's own form encoding also encodes `-`, `_`, `.` and `*`, which
 * forms leave unchanged. Servers that do not decode would then see a different secret.
 */
export function basicCredentials(clientId: string, secret: Secret, encoding: BasicEncoding = 'form-encoded'): string {
  const [id, password] = [clientId, secret.reveal()];
  return btoa(encoding === 'raw' ? `${id}:${password}` : `${formEncode(id)}:${formEncode(password)}`);
}

/** Returns what to do when a server rejects credentials that the two encodings write differently; else `undefined`. */
export function adviceOnBasic(
  clientId: string,
  secrets: readonly Secret[],
  encoding: BasicEncoding,
): string | undefined {
  const differs = [clientId, ...secrets.map((secret) => secret.reveal())].some((text) => formEncode(text) !== text);
  if (!differs || secrets.length === 0) return undefined;
  const other = encoding === 'raw' ? 'form-encoded' : 'raw';
  return `The client ID or the secret has characters that HTTP Basic form-encodes (RFC 6749 §2.3.1), and many servers do not decode them. If both are right, set server.clientAuthentication to 'client_secret_post', or server.basicCredentials to '${other}'.`;
}

/** A client's secrets during a rotation: two are live, and the one that last worked is tried first. */
export interface ClientSecrets {
  /** Returns the secrets to try, in order; one `undefined` for a client without any. */
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
