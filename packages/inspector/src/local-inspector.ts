import { ConfigurationError } from '@frameio-auth/core';
import { openBrowser } from './open-browser.js';
import { Poster, readPostingAddress } from './poster.js';
import { randomToken } from './random-token.js';
import { type InspectorFunction, inspectorFunction, instanceName, labelling } from './safe-inspector.js';
import { folderSite } from './site.js';
import { readPort, type ViewerOptions } from './viewer-options.js';
import { ViewerServer } from './viewer-server.js';

export interface LocalInspectorOptions extends ViewerOptions {
  /**
   * The `postingUrl()` of another instance's inspector: sessions of this one are shown there, and nothing listens here.
   * https, or http on this machine. Default: a viewer of its own.
   */
  readonly viewer?: string | undefined;
  /**
   * What other instances post with, 16 characters at least, where it has to be known before this one runs. Whoever has it
   * can show sessions that there are not, and look at none. Default: a random one.
   */
  readonly postingToken?: string | undefined;
  /**
   * Called when posting to `viewer` begins to fail, with the reason: `ECONNREFUSED`, `http_403`. Posting is tried again,
   * and messages that wait for too long are dropped. One that throws is ignored.
   */
  readonly onPostingFailed?: (reason: string) => unknown;
}

/** An inspector with a page of its own. Give it to core as `inspect`. It never keeps the process alive. */
export interface LocalInspector {
  readonly next: InspectorFunction;
  /** The name of this instance, as the page shows it. */
  readonly instance: string;
  /**
   * A link to the page, which works once: it is for one browser, and each call makes another.
   *
   * @throws ConfigurationError when the port is taken, or when this inspector posts to another one's viewer
   */
  url(): Promise<string>;
  /**
   * Where other instances of a fleet post, for their option `viewer`. It holds the token for posting, with which nobody
   * can look.
   *
   * @throws ConfigurationError as `url()`
   */
  postingUrl(): Promise<string>;
  /** Ends the page, or posts what still waits to be. Sessions go on. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Shows sessions on a page of this process's own, on 127.0.0.1, that needs nothing from the network; several instances
 * may share one.
 *
 * @throws ConfigurationError for an option that cannot work
 */
export function localInspector(options: LocalInspectorOptions = {}): LocalInspector {
  return options.viewer === undefined ? servingInspector(options) : postingInspector(options, options.viewer);
}

function servingInspector({
  port,
  open,
  postingToken = randomToken(),
  ...labels
}: LocalInspectorOptions): LocalInspector {
  if (typeof postingToken !== 'string' || postingToken.length < 16) {
    throw new ConfigurationError('invalid_option', 'localInspector: `postingToken` needs 16 characters at least.');
  }
  const instance = instanceName(labels.instance);
  const server = new ViewerServer({
    instance,
    port: readPort(port),
    // Both from the sources and from what they are compiled to.
    site: folderSite(new URL('../viewer/', import.meta.url)),
    present: (message) => message,
    postingToken,
  });
  if (open === true) openBrowser(server.link());
  const close = () => server.close();
  return {
    instance,
    next: inspectorFunction(instance, labelling(labels, postingToken), (message) => server.tell(message)),
    url: () => server.link(),
    postingUrl: async () => `${await server.origin()}/messages?token=${encodeURIComponent(postingToken)}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function postingInspector({ onPostingFailed, ...labels }: LocalInspectorOptions, viewer: string): LocalInspector {
  const instance = instanceName(labels.instance);
  const address = readPostingAddress(viewer);
  const poster = new Poster({ instance, address, onPostingFailed });
  const close = () => poster.close();
  const elsewhere = async () => {
    throw new ConfigurationError(
      'inspector_posts',
      'This inspector posts to the viewer of another instance: ask that one.',
    );
  };
  return {
    instance,
    next: inspectorFunction(instance, labelling(labels, address.token), (message) => poster.tell(message)),
    url: elsewhere,
    postingUrl: elsewhere,
    close,
    [Symbol.asyncDispose]: close,
  };
}
