import { ConfigurationError } from '@frameio-auth/core';

/** The oldest Node that undici 8 supports. */
const OLDEST = [22, 19] as const;

// Evaluated before undici, because on an older Node undici fails with an error that does not say so.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  throw new ConfigurationError(
    'unsupported_node',
    `@frameio-auth/transport-undici cannot be used: undici 8 needs Node ${OLDEST.join('.')} or newer, and this is Node ` +
      `${process.versions.node}. Update Node, or use @frameio-auth/transport-fetch.`,
  );
}
