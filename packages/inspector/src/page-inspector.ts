import { openBrowser } from './open-browser.js';
import type { LabelOf } from './pseudonym.js';
import { type InspectorFunction, inspectorFunction, instanceName } from './safe-inspector.js';
import { readPort, type ViewerOptions } from './viewer-options.js';
import { ViewerServer, type ViewerServerOptions } from './viewer-server.js';

/** An inspector with its own page. Pass it to core as `inspect`. It never keeps the process alive. */
export interface PageInspector {
  readonly next: InspectorFunction;
  /** The name of this instance on the page. */
  readonly instance: string;
  /**
   * Resolves to a link to the page, which works once, for one browser. Each call creates another.
   *
   * @throws ConfigurationError if the port is taken
   */
  url(): Promise<string>;
  /** Closes the page. Sessions continue. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the server of a page, and returns it with an inspector that shows the sessions of this process on it. */
export function pageInspector(
  options: ViewerOptions,
  labelOf: LabelOf,
  page: Omit<ViewerServerOptions, 'instance' | 'port'>,
): [PageInspector, ViewerServer] {
  const instance = instanceName(options.instance);
  const server = new ViewerServer({ instance, port: readPort(options.port), ...page });
  if (options.open === true) openBrowser(server.link());
  const close = () => server.close();
  const inspector: PageInspector = {
    instance,
    next: inspectorFunction(instance, labelOf, (message) => server.post(message)),
    url: () => server.link(),
    close,
    [Symbol.asyncDispose]: close,
  };
  return [inspector, server];
}
