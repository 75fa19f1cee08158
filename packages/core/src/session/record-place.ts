import type { Entropy } from '../kernel/entropy.js';
import type { TokenStorage } from '../kernel/token-storage.js';
import type { Timing } from './session-time.js';

/** The location of records, and what is needed to access them. */
export interface RecordPlace {
  readonly storage: TokenStorage;
  readonly clock: Timing;
  readonly entropy: Entropy;
  /** The lifetime of a refresh token in milliseconds, if the provider documents it. */
  readonly refreshTokenLifetime?: number;
  /** How long before the end of its refresh token an unused session is refreshed, in milliseconds; absent: never. */
  readonly keepAliveBefore?: number;
}
