import type { Clock } from '@frameio-auth/core/adapter';

/** The receiver of messages: an instance, which may be dead or suspended. */
export interface Receiver {
  readonly name: string;
  readonly place: number;
  readonly clock: Clock;
  readonly isPaused: boolean;
  /** Runs a function there as soon as possible; never if the receiver is dead. */
  deliver(kind: 'timer' | 'message', run: () => void): void;
}
