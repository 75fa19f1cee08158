import type { Clock } from '../kernel/clock.js';
import type { SessionInput } from '../machine/context.js';
import type { MachineSnapshot } from '../machine/transition.js';
import type { AuthorizationClient } from '../protocol/authorization-client.js';
import type { CoolDown } from './cool-down.js';
import type { ExportedTokens } from './exported-tokens.js';
import type { Inspect } from './inspected-replica.js';
import type { Reauthentications } from './reauthentications.js';
import type { RecordPlace } from './record-place.js';
import type { StateChange } from './session-snapshot.js';
import type { SessionTime } from './session-time.js';
import type { Workload } from './workload.js';

/** What all sessions of one auth object share. */
export interface SessionDependencies extends RecordPlace {
  readonly clock: SessionTime;
  /** The clock that the fresh path reads. */
  readonly wallClock: Pick<Clock, 'now'>;
  readonly input: SessionInput;
  readonly workload: Workload;
  /** The snapshot in which every session begins. Snapshots are immutable, so all sessions share one. */
  readonly beginning: MachineSnapshot;
  readonly client: AuthorizationClient;
  readonly coolDown: CoolDown;
  /** The scopes to request. */
  readonly scopes: readonly string[];
  readonly inspect?: Inspect;
  readonly onTokenRefreshed?: (tokens: ExportedTokens, key: string) => unknown;
  readonly onStateChange?: (change: StateChange) => unknown;
  readonly reauthentications: Reauthentications;
}
