import type { Instance } from '../fleet.ts';
import type { Stage } from '../stage.ts';

export interface Press {
  readonly stage: Stage;
  /** The instance that the button belongs to. */
  readonly instance: Instance;
  /** Reports an event, in one or two sentences. */
  readonly tell: (text: string) => void;
}

export interface Button {
  readonly title: string;
  /** Returns why it cannot be pressed now; `undefined`: it can. */
  readonly objection: (stage: Stage, instance: Instance) => string | undefined;
  /** Resolves when everything is reported. If it resolves to an address, the browser must go there. */
  readonly press: (press: Press) => Promise<string | undefined>;
}
