import type { Instance } from '../fleet.ts';
import type { Stage } from '../stage.ts';

export interface Press {
  readonly stage: Stage;
  /** The one whose button it is. */
  readonly instance: Instance;
  /** Says one sentence, or two. */
  readonly tell: (text: string) => void;
}

export interface Button {
  readonly title: string;
  /** Why it cannot be pressed now; `undefined`: it can. */
  readonly objection: (stage: Stage, instance: Instance) => string | undefined;
  /** Resolves when all is said. An address that it resolves to is where the browser has to go. */
  readonly press: (press: Press) => Promise<string | undefined>;
}
