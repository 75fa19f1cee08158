import { openBrowser } from './open-browser.js';
import { randomToken } from './random-token.js';
import { type InspectorFunction, inspectorFunction, instanceName, labelOfKey } from './safe-inspector.js';
import { statelyMessage } from './stately-message.js';
import { statelySite } from './stately-site.js';
import { readPort, type ViewerOptions } from './viewer-options.js';
import { ViewerServer } from './viewer-server.js';

export type StatelyInspectorOptions = ViewerOptions;

/** Stately's inspector for sessions of this process. Pass it to core as `inspect`. It never keeps the process alive. */
export interface StatelyInspector {
  readonly next: InspectorFunction;
  /** The name of this instance. */
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

const INSPECTOR = new URL('https://stately.ai/inspect');

/**
 * Creates an inspector that shows sessions in Stately's inspector: a page of stately.ai in a frame of a page on
 * 127.0.0.1. The data is shown to a page of another company. It needs the network, and a browser that can reach
 * stately.ai.
 *
 * @throws ConfigurationError for an invalid option
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
    next: inspectorFunction(instance, labelOfKey(labels, randomToken()), (message) => server.post(message)),
    url: () => server.link(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
