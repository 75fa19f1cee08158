import { openBrowser } from './open-browser.js';
import { randomToken } from './random-token.js';
import { type InspectorFunction, inspectorFunction, instanceName, labelling } from './safe-inspector.js';
import { statelyMessage } from './stately-message.js';
import { statelySite } from './stately-site.js';
import { readPort, type ViewerOptions } from './viewer-options.js';
import { ViewerServer } from './viewer-server.js';

export type StatelyInspectorOptions = ViewerOptions;

/** Stately's inspector on sessions of this process. Give it to core as `inspect`. It never keeps the process alive. */
export interface StatelyInspector {
  readonly next: InspectorFunction;
  /** The name of this instance. */
  readonly instance: string;
  /**
   * A link to the page, which works once: it is for one browser, and each call makes another.
   *
   * @throws ConfigurationError when the port is taken
   */
  url(): Promise<string>;
  /** Ends the page. Sessions go on. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const INSPECTOR = new URL('https://stately.ai/inspect');

/**
 * Shows sessions in Stately's inspector, a page of stately.ai in a frame of a page on 127.0.0.1. What is shown there is
 * shown to a page of another company, so it needs the network, and a browser that may go there.
 *
 * @throws ConfigurationError for an option that cannot work
 */
export function statelyInspector({ port, open, ...labels }: StatelyInspectorOptions = {}): StatelyInspector {
  const instance = instanceName(labels.instance);
  const server = new ViewerServer({
    instance,
    port: readPort(port),
    site: statelySite(INSPECTOR),
    present: statelyMessage,
  });
  if (open === true) openBrowser(server.link());
  const close = () => server.close();
  return {
    instance,
    next: inspectorFunction(instance, labelling(labels, randomToken()), (message) => server.tell(message)),
    url: () => server.link(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
