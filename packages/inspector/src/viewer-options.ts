import { ConfigurationError } from '@frameio-auth/core';
import type { LabelOptions } from './safe-inspector.js';

export interface ViewerOptions extends LabelOptions {
  /** The port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /**
   * Whether to open the page in the user's browser. The link is then an argument of a program, which other users of
   * this machine can see. Default: `false`.
   */
  readonly open?: boolean;
}

/** @throws ConfigurationError */
export function readPort(port = 0): number {
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new ConfigurationError('invalid_option', "An inspector's `port` is a whole number below 65536, or left out.");
}
