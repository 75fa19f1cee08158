import { absoluteUrl } from '../kernel/absolute-url.js';
import type { KnownErrorCode } from '../kernel/error-codes.js';
import { AuthenticationError, errorOfClaim } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { foreignFailure } from '../kernel/foreign-failure.js';
import { LIMITS, type Redactor, redactor, sanitizeText } from '../kernel/redaction.js';
import { Secret } from '../kernel/secret.js';
import { readOAuthError, toForeignFailure } from './oauth-error.js';
import type { ServerProfile } from './server-profile.js';

/** A parsed callback (RFC 6749 §4.1.2). */
export interface Callback {
  /** The address that the browser came back to; absent if only a path or a query was given. */
  readonly address?: URL;
  /** Not yet compared with that of a pending sign-in. */
  readonly state: string;
  readonly outcome:
    | { readonly ok: true; readonly code: Secret }
    /** What the browser claims that the server said. */
    | { readonly ok: false; readonly error: AuthenticationError };
}

/**
 * Parses a callback: the whole address, its path and query as a web server sees them, or the query alone.
 *
 * oauth4webapi can check a callback too, but requires the `state`, which can be looked up only after the callback is
 * parsed. Its errors also hold the code.
 *
 * @param secrets - what the server may repeat in the description of an error
 * @throws AuthenticationError for a callback that is invalid or of another server: `invalid_callback`, `state_missing`,
 * `issuer_missing` or `issuer_mismatch`
 */
export function readCallback(profile: ServerProfile, secrets: readonly string[], url: string | URL): Callback {
  if (typeof url !== 'string' && !(url instanceof URL)) {
    refuse(
      'invalid_callback',
      'This is not a callback: it is neither a string nor a URL. Pass the whole URL with its query.',
    );
  }
  const text = unwrapped(String(url));
  const parameters = parametersOf(text);
  for (const name of ['code', 'state', 'error', 'iss']) {
    if (parameters.getAll(name).length > 1) {
      refuse('invalid_callback', `The callback has the parameter "${name}" more than once. Start the sign-in again.`);
    }
  }
  // A parameter without a value counts as absent (RFC 6749 §3.1).
  const parameter = (name: string) => parameters.get(name) || undefined;

  // The code is a secret, and so is the state, which binds it to the browser.
  const redact = redactor([...secrets, parameter('code') ?? '', parameter('state') ?? '']);
  const outcome = outcomeOf(profile, redact, parameter);
  const state = parameter('state');
  if (state === undefined) refuse('state_missing', stateMissing(outcome));
  checkIssuer(profile, redact, parameter('iss'));
  // Without this check, "localhost:8443/callback" would be parsed as a URL with a scheme.
  const address = /^[a-z][a-z\d+.-]*:\//i.test(text) ? absoluteUrl(text) : undefined;
  return { state, outcome, ...(address && { address }) };
}

/**
 * Checks that the browser came back to the redirect URI of its sign-in. If each server has its own redirect URI, this
 * prevents that a code of one server is sent to another (RFC 9700 §4.4.2).
 *
 * It compares the path, without a trailing slash, and the redirect URI's own parameters. It ignores scheme, host and
 * port, because proxies change them.
 *
 * @throws AuthenticationError `redirect_uri_mismatch`
 */
export function checkReturn({ address }: Callback, redirectUri: string): void {
  const expected = absoluteUrl(redirectUri);
  if (address === undefined || expected === undefined) return;
  if (leadsTo(address, expected)) return;
  const place = sanitizeText(address.pathname, LIMITS.sentence);
  refuse(
    'redirect_uri_mismatch',
    `The browser came back to ${place}, and this sign-in's redirectUri is ${expected.pathname}${expected.search}. The callback may be from another server, so it was not used. Pass each callback to the client of its server; if a proxy changes paths, pass the path and query as handleCallback('/callback?…').`,
  );
}

/** Returns whether the parts of a callback's address that proxies keep match a redirect URI. */
function leadsTo(address: URL, expected: URL): boolean {
  const own = [...expected.searchParams].every(([name, value]) => address.searchParams.getAll(name).includes(value));
  return own && pathOf(address) === pathOf(expected);
}

/** Returns whether a callback at one redirect URI could be accepted for the other. */
export function areConfusable(one: string, other: string): boolean {
  const [first, second] = [absoluteUrl(one), absoluteUrl(other)];
  if (first === undefined || second === undefined) return one === other;
  const isOneHost = first.protocol === second.protocol && first.host === second.host;
  return isOneHost && (leadsTo(first, second) || leadsTo(second, first));
}

function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/$/, '');
}

/** Opening quotes, each with its closing one. */
const QUOTES: ReadonlyMap<string | undefined, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['<', '>'],
  ['“', '”'],
]);

/** How many layers of quotes are removed. */
const LAYERS = 3;

/**
 * Cleans up a pasted address: removes the white space and quotes around it, and line breaks within it, which a terminal
 * or a mail client added. No address contains them.
 */
function unwrapped(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  let rest = withoutMargin(lines.join(''));
  for (let layer = 0; layer < LAYERS && rest.length > 1 && rest.endsWith(QUOTES.get(rest[0]) ?? '\n'); layer += 1) {
    rest = withoutMargin(rest.slice(1, -1));
  }
  return rest;
}

/** Removes white space and invisible characters at the beginning and the end. */
function withoutMargin(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isMargin(text[start])) start += 1;
  while (end > start && isMargin(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isMargin(character: string | undefined): boolean {
  return character !== undefined && /[\s\p{Cf}]/u.test(character);
}

/** Parses the query of an address or a path, or a query alone, with or without its question mark. */
function parametersOf(text: string): URLSearchParams {
  const [beforeFragment = ''] = text.split('#', 1);
  const query = isQuery(beforeFragment) ? beforeFragment : beforeFragment.slice(beforeFragment.indexOf('?') + 1);
  return new URLSearchParams(query);
}

/**
 * Returns whether the text is a query alone: it begins with a parameter's name. Further question marks belong to a
 * value.
 */
function isQuery(text: string): boolean {
  return /^[^?/:]+=/.test(text);
}

function outcomeOf(
  profile: ServerProfile,
  redact: Redactor,
  parameter: (name: string) => string | undefined,
): Callback['outcome'] {
  const code = parameter('code');
  const oauthError = readOAuthError(profile, parameter);
  if (code !== undefined && oauthError !== undefined) {
    refuse(
      'invalid_callback',
      'The callback has both a code and an error, so it cannot be trusted. Start the sign-in again.',
    );
  }
  if (code !== undefined) return { ok: true, code: new Secret(code) };
  if (oauthError === undefined) {
    refuse(
      'invalid_callback',
      'This is not a callback: it has neither a code nor an error. Pass the whole URL with its query.',
    );
  }
  // Anyone can forge a callback. So none affects more than this one sign-in, whatever it says of the application or the
  // server. Users are not sent to an address from it.
  const foreign = { ...toForeignFailure(profile, oauthError, redact), actionUrl: undefined };
  const failure = foreignFailure({ kind: 'terminal', source: 'server', ...foreign }, redact);
  return { ok: false, error: errorOfClaim(failure as Failure) };
}

/** Returns the message for a callback without a state, in which the error counts only as the browser's claim. */
function stateMissing(outcome: Callback['outcome']): string {
  if (outcome.ok) {
    return 'The callback has no state, so it may be forged. Start the sign-in with getAuthorizationUrl(), and pass its whole callback.';
  }
  return `The callback has no state, so it belongs to no sign-in. ${outcome.error.message} If the server rejects sign-ins before they start, it may not know the client or the redirect URI: check both.`;
}

/** Rejects a callback of another server, because its code may not be meant for this one (RFC 9207 §2.4). */
function checkIssuer(
  { name, issuer, callbackCarriesIssuer }: ServerProfile,
  redact: Redactor,
  named: string | undefined,
): void {
  if (named === undefined && callbackCarriesIssuer) {
    refuse('issuer_missing', `The callback does not name its issuer, as those of ${name} do. Start the sign-in again.`);
  }
  if (named !== undefined && named !== issuer) {
    refuse(
      'issuer_mismatch',
      `The callback names the issuer "${redact(named, LIMITS.sentence)}", and this client's server is "${issuer}". Pass each server's callbacks to the client of that server. If both are the same server, set server.issuer to the name in the callback.`,
    );
  }
}

function refuse(code: KnownErrorCode, message: string): never {
  throw new AuthenticationError(code, message, { errorDescription: message });
}
