import { createHash } from 'node:crypto';
import { basicCredentials, bearerToken, type ReceivedRequest } from './http-message.js';

/** The parameters whose values nobody should find in a log. */
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

/** A short name for a secret, the same each time: `sha256:` and eight hexadecimal digits. */
export function fingerprint(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`;
}

/** Parameters as a plain object that is safe to print: secrets stand there by their {@link fingerprint}. */
export function printable(parameters: URLSearchParams): Record<string, string> {
  const printed: Record<string, string> = {};
  for (const [name, value] of parameters) printed[name] = SECRET_PARAMETERS.has(name) ? fingerprint(value) : value;
  return printed;
}

/** Headers with the credentials of `authorization` replaced: a token, or the secret of HTTP Basic, by fingerprint. */
export function printableHeaders(headers: ReceivedRequest['headers']): Record<string, string> {
  const authorization = headers['authorization'];
  if (authorization === undefined) return { ...headers };
  const scheme = /^(Basic|Bearer) /i.exec(authorization)?.[0] ?? '';
  const secret = basicCredentials(headers)?.clientSecret ?? bearerToken(headers) ?? authorization;
  return { ...headers, authorization: `${scheme}${fingerprint(secret)}` };
}

/** The secrets that a request presents, in whatever place. */
export function secretsIn({ form, query, headers }: ReceivedRequest): string[] {
  const parameters = [...form, ...query].filter(([name]) => SECRET_PARAMETERS.has(name)).map(([, value]) => value);
  const credentials = [basicCredentials(headers)?.clientSecret, bearerToken(headers)];
  return [...parameters, ...credentials].filter((secret) => secret !== undefined && secret !== '') as string[];
}

/** Everything that must not be seen elsewhere: what the server issued and what it was shown. */
export class SecretLedger {
  readonly #secrets = new Set<string>();

  add(...secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret);
  }

  all(): string[] {
    return [...this.#secrets];
  }
}
