import { ConfigurationError } from '@frameio-auth/core';
import { isLoopback } from '@frameio-auth/core/adapter';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { assertDispatcher } from './supported-undici.js';

/** What the connections are like that a transport makes by itself. */
export interface ConnectionOptions {
  /**
   * Certificate authorities in PEM to trust in place of the platform's, such as that of a company proxy. Default: those
   * of Node, which `NODE_EXTRA_CA_CERTS` adds to.
   */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** How long connecting may take, the TLS handshake included, in milliseconds. Default: 10000. */
  readonly connectTimeout?: number;
  /** Whether HTTP/2 is spoken, over TLS, with servers that can. Default: `true`. */
  readonly allowH2?: boolean;
}

/** Where requests go through, by the address that they are for. */
export interface Connections {
  to(url: URL): Dispatcher;
  /**
   * Ends what the transport made by itself, at once: undici's `close()` would also wait for connections that are not
   * there yet, and that nobody is waiting for any longer.
   */
  destroy(): Promise<void>;
}

/**
 * Connections of the transport's own, through the proxies that the environment names.
 *
 * @throws ConfigurationError `invalid_option`
 */
export function ownConnections({ ca, connectTimeout = 10_000, allowH2 = true }: ConnectionOptions): Connections {
  if (typeof allowH2 !== 'boolean') throw new ConfigurationError('invalid_option', '`allowH2` must be true or false.');
  const tls = { timeout: connectTimeout, allowH2, ...(ca !== undefined && { ca: authorities(ca) }) };
  const direct = new Agent({ connect: tls, allowH2 });
  const proxied = proxiedAgent({ connect: tls, requestTls: tls, proxyTls: { ...tls, allowH2: false }, allowH2 });
  return {
    to: (url) => (isLoopback(url) ? direct : proxied), // What is for this machine is not for a proxy to see.
    destroy: async () => {
      await Promise.all([direct.destroy(), proxied.destroy()]);
    },
  };
}

/**
 * The application's dispatcher, which has its own connections.
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
    // The error is not passed on: it shows the address, which may hold a password.
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
