import { ConfigurationError, errorOf } from '../kernel/errors.js';
import { LIMITS, sanitizeText } from '../kernel/redaction.js';
import { retryAfterOf } from '../kernel/retry-after.js';
import type { Transport } from '../kernel/transport.js';
import { type CustomServerOptions, customServer } from './custom-server.js';
import { parseJsonObject } from './json-object.js';
import { checkResponse, isUnprocessed, transportFailure } from './send-request.js';
import type { ClientAuthentication, ServerProfile } from './server-profile.js';
import { checkAddress, checkOrigin } from './web-address.js';

/** The transport, the allowed origins, and overrides of the document: see {@link ServerProfile}. */
export interface DiscoveryOptions extends Partial<Omit<CustomServerOptions, 'issuer'>> {
  readonly transport: Transport;
  /** Origins other than the issuer's at which endpoints may be: `['https://tokens.example.com']`. Default: none. */
  readonly allowedOrigins?: readonly string[];
}

type Metadata = Readonly<Record<string, unknown>>;

/** The result of one address. */
type Found = { readonly metadata: Metadata } | { readonly instead: string };

/** The longest document that is read, in characters; real ones have a few thousand. */
const LONGEST_DOCUMENT = 256 * 1024;

/**
 * Resolves to a checked server profile, made from the server's metadata: by RFC 8414 §3, and then by OpenID Connect
 * Discovery §4. Call it once, when the program starts.
 *
 * The document must name exactly this issuer. Its endpoints must be at the issuer's origin or in `allowedOrigins`, over
 * https, or plain http on this machine. Options take precedence over the document. Set `clientAuthentication` if the
 * server offers several methods and the client is registered for one. Default: the first offered one of HTTP Basic, the
 * secret in the body, and none.
 *
 * @param issuer - the exact identifier of the server, such as `https://login.example.com/tenant`
 * @throws ConfigurationError that names the option and the document, if the document is missing, names another issuer
 * or is unusable; TransportError, RateLimitError or ProtocolError if the server cannot be reached now
 */
export async function discoverServer(issuer: string, options: DiscoveryOptions): Promise<ServerProfile> {
  if (typeof options?.transport !== 'function') {
    refuse('transport is missing. Give discoverServer(issuer, { transport: fetchTransport() }).');
  }
  const { transport, allowedOrigins = [], ...overrides } = options;
  if (!Array.isArray(allowedOrigins)) refuse("allowedOrigins must be an array: ['https://tokens.example.com'].");
  const { origin, search } = checkAddress('issuer', issuer);
  if (search !== '') refuse('issuer has a query. Take it out (RFC 8414 §2).');
  const origins = [origin, ...allowedOrigins.map((each) => checkOrigin('allowedOrigins', each))];

  const misses: string[] = [];
  for (const address of addressesOf(issuer)) {
    const found = await find(transport, address);
    if ('metadata' in found) return profileOf(issuer, new Document(address, found.metadata, origins), overrides);
    misses.push(`${address} ${found.instead}`);
  }
  refuse(
    `issuer: no metadata was found: ${misses.join('; ')}. Check that it is the server's identifier to the letter, or describe the server with customServer().`,
  );
}

/**
 * Returns the possible addresses of the metadata: RFC 8414 §3.1, OpenID Connect Discovery §4, and the alternative of
 * RFC 8414 §5.
 */
function addressesOf(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
      `${origin}/.well-known/openid-configuration${path}`,
    ]),
  ];
}

/** @throws TransportError, RateLimitError or ProtocolError if the server cannot be reached now */
async function find(transport: Transport, address: string): Promise<Found> {
  const answer = await ask(transport, address);
  if ('instead' in answer) return answer;
  const { response, text } = answer;
  const { status, headers } = response;
  // A redirect leads away from the issuer, usually to a page for people.
  if (status < 200 || (status >= 300 && status < 400)) return { instead: 'answered with a redirect' };
  if (isUnprocessed(status)) {
    const retryAfter = retryAfterOf(headers, Date.now());
    throw errorOf({
      kind: 'transient',
      source: 'server',
      code: `http_${status}`,
      description: `${address} answered ${status}.`,
      status,
      ...(retryAfter !== undefined && { retryAfter }),
    });
  }
  if (status !== 200) return { instead: `answered ${status}` };
  if (text === undefined) return { instead: `is longer than ${LONGEST_DOCUMENT} characters` };
  const metadata = parseJsonObject(text);
  return metadata === undefined ? { instead: 'is no JSON object' } : { metadata };
}

async function ask(
  transport: Transport,
  address: string,
): Promise<{ readonly response: Response; readonly text: string | undefined } | { readonly instead: string }> {
  try {
    const headers = { accept: 'application/json' };
    const response = checkResponse(
      await transport(address, { method: 'GET', headers, redirect: 'manual', cache: 'no-store' }),
    );
    return { response, text: await readBounded(response) };
  } catch (reason) {
    if (reason instanceof ConfigurationError) throw reason;
    const failure = transportFailure(reason, sanitizeText);
    if (failure.code === 'redirect_refused') return { instead: 'answered with a redirect' };
    throw errorOf(failure);
  }
}

/**
 * Reads the body, or resolves to `undefined` as soon as it is too long: a transport such as `fetch` has no limit of its
 * own.
 */
async function readBounded(response: Response): Promise<string | undefined> {
  let text = '';
  if (response.body) {
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      text += decoder.decode(value, { stream: true });
      if (text.length <= LONGEST_DOCUMENT) continue;
      await reader.cancel();
      return undefined;
    }
  } else {
    // Some platforms lack streams.
    text = await response.text();
  }
  return text.length > LONGEST_DOCUMENT ? undefined : text;
}

/** A document that was found. Its errors name its address. */
class Document {
  readonly #address: string;
  readonly #metadata: Metadata;
  readonly #origins: readonly string[];

  constructor(address: string, metadata: Metadata, origins: readonly string[]) {
    this.#address = address;
    this.#metadata = metadata;
    this.#origins = origins;
  }

  /** Rejects a document by which one server would speak for another (RFC 8414 §3.3 and §6.2). */
  assertIssuer(issuer: string): void {
    const named = this.#metadata['issuer'];
    if (named === issuer) return;
    const issuerNamed = typeof named === 'string' ? `the issuer "${sanitizeText(named, LIMITS.address)}"` : 'no issuer';
    refuse(
      `issuer is "${issuer}", and the document at ${this.#address} names ${issuerNamed}. They must be equal to the letter: give the issuer as the server names it, if that is the server you mean.`,
    );
  }

  endpoint(member: string): string | undefined {
    const value = this.#metadata[member];
    if (value === undefined || value === null) return undefined;
    const { origin, href } = checkAddress(`issuer: the ${member} in the document at ${this.#address}`, value);
    if (this.#origins.includes(origin)) return href;
    refuse(
      `issuer: the document at ${this.#address} has its ${member} at another origin, ${origin}. If that is right, set allowedOrigins: ['${origin}'].`,
    );
  }

  requiredEndpoint(member: string): string {
    return this.endpoint(member) ?? refuse(`issuer: the document at ${this.#address} names no ${member}.`);
  }

  /** Returns the list of a member; `undefined` if it is absent. */
  list(member: string): readonly unknown[] | undefined {
    const value = this.#metadata[member];
    return Array.isArray(value) ? value : undefined;
  }

  is(member: string): boolean {
    return this.#metadata[member] === true;
  }

  refuse(complaint: string): never {
    refuse(`issuer: the document at ${this.#address} ${complaint}`);
  }
}

function profileOf(
  issuer: string,
  document: Document,
  overrides: Partial<Omit<CustomServerOptions, 'issuer'>>,
): ServerProfile {
  document.assertIssuer(issuer);
  const authorizationEndpoint = overrides.authorizationEndpoint ?? document.endpoint('authorization_endpoint');
  const revocationEndpoint = overrides.revocationEndpoint ?? document.endpoint('revocation_endpoint');
  const challenges = document.list('code_challenge_methods_supported');
  if (challenges !== undefined && !challenges.includes('S256')) {
    document.refuse('offers PKCE without S256, and no other method is used here (RFC 9700 §2.1.1).');
  }

  const { clientCredentialsAuthentication, ...profile } = customServer({
    ...overrides,
    issuer,
    tokenEndpoint: overrides.tokenEndpoint ?? document.requiredEndpoint('token_endpoint'),
    clientAuthentication: overrides.clientAuthentication ?? authenticationIn(document),
    callbackCarriesIssuer:
      overrides.callbackCarriesIssuer ?? document.is('authorization_response_iss_parameter_supported'),
    ...(authorizationEndpoint !== undefined && { authorizationEndpoint }),
    ...(revocationEndpoint !== undefined && { revocationEndpoint }),
  });
  // A document may omit its list of grants, and then may offer any of them.
  const hasServices = document.list('grant_types_supported')?.includes('client_credentials') ?? true;
  const isTold = overrides.clientCredentialsAuthentication !== undefined;
  return {
    ...profile,
    ...(clientCredentialsAuthentication && (hasServices || isTold) && { clientCredentialsAuthentication }),
  };
}

const WAYS: readonly ClientAuthentication[] = ['client_secret_basic', 'client_secret_post', 'none'];

function authenticationIn(document: Document): ClientAuthentication {
  // A document without this list means Basic (RFC 8414 §2).
  const offered = document.list('token_endpoint_auth_methods_supported') ?? ['client_secret_basic'];
  return (
    WAYS.find((way) => offered.includes(way)) ??
    document.refuse(`offers none of ${WAYS.join(', ')} for clients to authenticate. No other way is known here.`)
  );
}

function refuse(message: string): never {
  throw new ConfigurationError('invalid_option', `discoverServer(): ${message}`);
}
