import { ConfigurationError } from '../kernel/errors.js';

/** Parameters of a request beyond those of RFC 6749. A list sends the parameter once per item (RFC 8707 §2). */
export type RequestParameters = Readonly<Record<string, string | readonly string[]>>;

/**
 * The parameters that an authorization request already has, or that would replace it as a whole (RFC 9101, RFC 9126).
 */
export const AUTHORIZATION_PARAMETERS: readonly string[] = [
  'response_type',
  'client_id',
  'client_secret',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
];

/** The parameters that a token request already has. */
export const TOKEN_PARAMETERS: readonly string[] = [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'code',
  'code_verifier',
  'redirect_uri',
  'refresh_token',
  'scope',
  'state',
];

/**
 * Checks parameters that the application adds. Errors name the parameter, not its value.
 *
 * @throws ConfigurationError that names the option, for a parameter that is reserved or cannot be sent
 */
export function checkParameters(option: string, parameters: unknown, reserved: readonly string[]): void {
  if (parameters === undefined) return;
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    refuse(`${option} must be an object of names and values, such as { audience: 'https://api.example.com' }.`);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (name === '') refuse(`${option} has a parameter without a name.`);
    if (reserved.includes(name)) {
      refuse(`${option} must not have "${name}", which is reserved: the request has it anyway. Take it out.`);
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.length === 0 || !values.every((each) => typeof each === 'string')) {
      refuse(`${option} has a "${name}" that is neither a string nor a list of strings.`);
    }
  }
}

/** Adds the parameters. A later call replaces parameters of the same name from an earlier one. */
export function addParameters(target: URLSearchParams, parameters: RequestParameters | undefined): void {
  for (const [name, value] of Object.entries(parameters ?? {})) {
    target.delete(name);
    for (const each of typeof value === 'string' ? [value] : value) target.append(name, each);
  }
}

function refuse(message: string): never {
  throw new ConfigurationError('invalid_option', message);
}
