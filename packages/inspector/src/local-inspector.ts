import { ConfigurationError } from '@frameio-auth/core';
import { type PageInspector, pageInspector } from './page-inspector.js';
import { Poster, readPostingAddress } from './poster.js';
import { randomToken } from './random-token.js';
import { inspectorFunction, instanceName, labelFunction } from './safe-inspector.js';
import { folderSite } from './site.js';
import type { ViewerOptions } from './viewer-options.js';

export interface LocalInspectorOptions extends ViewerOptions {
  /**
   * The `postingUrl()` of another instance's inspector. The sessions of this instance are shown there, and no server
   * runs here. https, or http on this machine. Default: its own viewer.
   */
  readonly viewer?: string | undefined;
  /**
   * The token with which other instances post, at least 16 characters, if it must be known before this instance runs. A
   * holder can show sessions that do not exist, but cannot view any. Default: a random one.
   */
  readonly postingToken?: string | undefined;
  /**
   * Called when posting to `viewer` begins to fail, with the reason: `ECONNREFUSED`, `http_403`. Posting is retried,
   * and messages that wait too long are dropped. Exceptions are ignored.
   */
  readonly onPostingFailed?: (reason: string) => unknown;
}

/**
 * An inspector with its own page, or one that posts to another's. `url()` and `postingUrl()` of one that posts reject
 * with a `ConfigurationError`, and `close()` posts the remaining messages.
 */
export interface LocalInspector extends PageInspector {
  /**
   * Resolves to the address to which other instances of a fleet post, for their option `viewer`. It contains the token
   * for posting, which does not permit viewing.
   *
   * @throws ConfigurationError as `url()`
   */
  postingUrl(): Promise<string>;
}

/**
 * Creates an inspector that shows sessions on a page of this process, on 127.0.0.1, which needs no other network
 * access. Several instances may share one page.
 *
 * @throws ConfigurationError for an invalid option
 */
export function localInspector(options: LocalInspectorOptions = {}): LocalInspector {
  return options.viewer === undefined ? servingInspector(options) : postingInspector(options, options.viewer);
}

function servingInspector({ postingToken = randomToken(), ...options }: LocalInspectorOptions): LocalInspector {
  if (typeof postingToken !== 'string' || postingToken.length < 16) {
    throw new ConfigurationError('invalid_option', 'localInspector: `postingToken` needs at least 16 characters.');
  }
  const [inspector, server] = pageInspector(options, labelFunction(options, postingToken), {
    // Works for both the sources and the compiled files.
    site: folderSite(new URL('../viewer/', import.meta.url)),
    present: (message) => message,
    postingToken,
  });
  return {
    ...inspector,
    postingUrl: async () => `${await server.origin()}/messages?token=${encodeURIComponent(postingToken)}`,
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
      'This inspector posts to the viewer of another instance. Call url() of that one.',
    );
  };
  return {
    instance,
    next: inspectorFunction(instance, labelFunction(labels, address.token), (message) => poster.post(message)),
    url: elsewhere,
    postingUrl: elsewhere,
    close,
    [Symbol.asyncDispose]: close,
  };
}
