import { createHash } from 'node:crypto';
import { basicCredentials, bearerToken, type ReceivedRequest } from './http-message.js';

/** The parameters with values that must not appear in a log. */
const SECRET_PARAMETERS = new Set([
  'access_token',
  'client_secret',
  'code',
  'code_verifier',
  'id_token',
  'id_token_hint',
  'refresh_token',
  'token',
]);

/** Returns a short name for a secret, always the same: `sha256:` and eight hexadecimal digits. */
export function fingerprint(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`;
}

/** Returns parameters as a plain object that is safe to print: secrets are replaced by their {@link fingerprint}. */
export function printable(parameters: URLSearchParams): Record<string, string> {
  const printed: Record<string, string> = {};
  for (const [name, value] of parameters) printed[name] = SECRET_PARAMETERS.has(name) ? fingerprint(value) : value;
  return printed;
}

/**
 * Returns headers with the credentials of `authorization` replaced: a token, or the secret of HTTP Basic, by its
 * fingerprint.
 */
export function printableHeaders(headers: ReceivedRequest['headers']): Record<string, string> {
  const authorization = headers['authorization'];
  if (authorization === undefined) return { ...headers };
  const scheme = /^(Basic|Bearer) /i.exec(authorization)?.[0] ?? '';
  const secret = basicCredentials(headers)?.clientSecret ?? bearerToken(headers) ?? authorization;
  return { ...headers, authorization: `${scheme}${fingerprint(secret)}` };
}

/** Returns the secrets in a request, wherever they are. */
export function secretsIn({ form, query, headers }: ReceivedRequest): string[] {
  const parameters = [...form, ...query].filter(([name]) => SECRET_PARAMETERS.has(name)).map(([, value]) => value);
  const credentials = [basicCredentials(headers)?.clientSecret, bearerToken(headers)];
  return [...parameters, ...credentials].filter((secret) => secret !== undefined && secret !== '') as string[];
}

/** Collects everything that must not appear elsewhere: what the server issued and received. */
export class SecretLedger {
  readonly #secrets = new Set<string>();

  add(...secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret);
  }

  all(): string[] {
    return [...this.#secrets];
  }
}
