import type { Environment } from '../environment.ts';
import type { Instance } from '../fleet.ts';

export interface Press {
  readonly environment: Environment;
  /** The instance that the button belongs to. */
  readonly instance: Instance;
  /** Reports an event, in one or two sentences. */
  readonly report: (text: string) => void;
}

export interface Button {
  readonly title: string;
  /** Returns why it cannot be pressed now; `undefined`: it can. */
  readonly disabledReason: (environment: Environment, instance: Instance) => string | undefined;
  /** Resolves when everything is reported. If it resolves to an address, the browser must go there. */
  readonly press: (press: Press) => Promise<string | undefined>;
}
