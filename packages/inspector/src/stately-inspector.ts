import { type PageInspector, pageInspector } from './page-inspector.js';
import { randomToken } from './random-token.js';
import { labelFunction } from './safe-inspector.js';
import { statelyMessage } from './stately-message.js';
import { statelySite } from './stately-site.js';
import type { ViewerOptions } from './viewer-options.js';

export type StatelyInspectorOptions = ViewerOptions;

/** Stately's inspector for sessions of this process. Pass it to core as `inspect`. It never keeps the process alive. */
export type StatelyInspector = PageInspector;

const INSPECTOR = new URL('https://stately.ai/inspect');

/**
 * Creates an inspector that shows sessions in Stately's inspector: a page of stately.ai in a frame of a page on
 * 127.0.0.1. The data is shown to a page of another company. It needs the network, and a browser that can reach
 * stately.ai.
 *
 * @throws ConfigurationError for an invalid option
 */
export function statelyInspector(options: StatelyInspectorOptions = {}): StatelyInspector {
  const page = { site: statelySite(INSPECTOR), present: statelyMessage };
  return pageInspector(options, labelFunction(options, randomToken()), page)[0];
}
