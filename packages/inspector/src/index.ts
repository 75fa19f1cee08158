export { sessionChart } from './chart.js';
export { type LocalInspector, type LocalInspectorOptions, localInspector } from './local-inspector.js';
export type * from './messages.js';
export {
  type InspectorFunction,
  type LabelOptions,
  type SafeInspectorOptions,
  type Sink,
  safeInspector,
} from './safe-inspector.js';
export { type StatelyInspector, type StatelyInspectorOptions, statelyInspector } from './stately-inspector.js';
export type { ViewerOptions } from './viewer-options.js';
