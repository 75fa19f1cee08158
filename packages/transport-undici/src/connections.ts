import { ConfigurationError } from '@frameio-auth/core';
import { isLoopback } from '@frameio-auth/core/adapter';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { assertDispatcher } from './supported-undici.js';

/** Configures the connections that a transport opens itself. */
export interface ConnectionOptions {
  /**
   * Certificate authorities in PEM to trust instead of the platform's, such as that of a company proxy. Default: those
   * of Node, including `NODE_EXTRA_CA_CERTS`.
   */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** How long connecting may take, including the TLS handshake, in milliseconds. Default: 10000. */
  readonly connectTimeout?: number;
  /** Whether to use HTTP/2, over TLS, with servers that support it. Default: `true`. */
  readonly allowH2?: boolean;
}

/** Selects the dispatcher for an address. */
export interface Connections {
  to(url: URL): Dispatcher;
  /**
   * Closes the transport's own connections immediately. undici's `close()` would also wait for connections that are
   * still being opened, and that no request needs any more.
   */
  destroy(): Promise<void>;
}

/**
 * Creates the transport's own connections, through the proxies that the environment names.
 *
 * @throws ConfigurationError `invalid_option`
 */
export function ownConnections({ ca, connectTimeout = 10_000, allowH2 = true }: ConnectionOptions): Connections {
  if (typeof allowH2 !== 'boolean') throw new ConfigurationError('invalid_option', '`allowH2` must be true or false.');
  const tls = { timeout: connectTimeout, allowH2, ...(ca !== undefined && { ca: authorities(ca) }) };
  const direct = new Agent({ connect: tls, allowH2 });
  const proxied = proxiedAgent({ connect: tls, requestTls: tls, proxyTls: { ...tls, allowH2: false }, allowH2 });
  return {
    to: (url) => (isLoopback(url) ? direct : proxied), // Requests to this machine must not go through a proxy.
    destroy: async () => {
      await Promise.all([direct.destroy(), proxied.destroy()]);
    },
  };
}

/**
 * Uses the application's dispatcher with its own connections.
 *
 * @throws ConfigurationError `invalid_option`
 */
export function givenConnections(dispatcher: Dispatcher, options: ConnectionOptions): Connections {
  assertDispatcher(dispatcher);
  for (const name of ['ca', 'connectTimeout', 'allowH2'] as const) {
    if (options[name] === undefined) continue;
    throw new ConfigurationError(
      'invalid_option',
      `\`${name}\` is about connections that the transport makes by itself: beside \`dispatcher\`, give it to that one.`,
    );
  }
  return { to: () => dispatcher, destroy: async () => {} };
}

function proxiedAgent(options: EnvHttpProxyAgent.Options): EnvHttpProxyAgent {
  try {
    return new EnvHttpProxyAgent(options);
  } catch {
    // The original error shows the address, which may contain a password.
    throw new ConfigurationError(
      'invalid_proxy',
      'HTTPS_PROXY or HTTP_PROXY is no address of a proxy, such as http://proxy.example.com:3128.',
    );
  }
}

function authorities(ca: NonNullable<ConnectionOptions['ca']>): (string | Buffer)[] {
  const all = [ca].flat() as (string | Buffer)[];
  if (all.length > 0 && all.every((each) => String(each).includes('-----BEGIN'))) return all;
  throw new ConfigurationError(
    'invalid_option',
    "`ca` must be certificates in PEM, such as readFileSync('company.pem'), and not the name of a file.",
  );
}
