/** The name of a process, such as `2` for the first in place 2, and `2.1` for its successor. */
export type ProcessName = string;

interface ByProcess {
  readonly process: ProcessName;
}

/**
 * An event of a race, as a participant saw it. Times are milliseconds since the Unix epoch, on the clock that all
 * processes of a machine share; tokens are fingerprints.
 */
export type RaceEvent = { readonly at: number } & (
  | TokenReturned
  | CallFailed
  | StateChanged
  | StorageAsked
  | StorageAnswered
  | RequestSent
  | RequestEnded
  | TokenPresented
  | TokenDecided
  | ProcessBegan
  | ProcessEnded
  | FaultBegan
  | FaultEnded
);

/** A process returned a token to its callers. */
export interface TokenReturned extends ByProcess {
  readonly kind: 'token.returned';
  readonly token: string;
  /** When the first of them requested it. */
  readonly asked: number;
  /** The earliest moment at which the decision to return this token can have been made; `at` is the latest. */
  readonly decided: number;
  readonly callers: number;
}

/** A call failed: a caller got no token, or a refresh did not happen. */
export interface CallFailed extends ByProcess {
  readonly kind: 'call.failed';
  readonly code: string;
}

/** The session's state changed. */
export interface StateChanged extends ByProcess {
  readonly kind: 'state.changed';
  readonly step: string;
  /** Why the session has ended, in the state `expired`. */
  readonly cause?: string;
}

export type StorageCall = 'read' | 'lease' | 'renew' | 'release' | 'commit';

/** The session calls its storage. */
export interface StorageAsked extends ByProcess {
  readonly kind: 'storage.asked';
  readonly call: StorageCall;
  readonly key: string;
  /** The number of the call, within its process. */
  readonly question: number;
  /** The requested duration of a lease, in milliseconds. */
  readonly ttl?: number;
}

/** The storage responded, or failed. */
export interface StorageAnswered extends ByProcess {
  readonly kind: 'storage.answered';
  readonly call: StorageCall;
  readonly key: string;
  readonly question: number;
  /** When the call was made. */
  readonly asked: number;
  /**
   * For example `granted`, `held`, `moved`, `committed`, `conflict`; `read`, `renewed`, `lost`, `released`; or an
   * error's code.
   */
  readonly outcome: string;
  /** The version in the reply; absent if it contained no record. */
  readonly version?: number;
  /** Whether the previous lease was abandoned. */
  readonly abandoned?: boolean;
}

/** The session sends a request to the authorization server. */
export interface RequestSent extends ByProcess {
  readonly kind: 'request.sent';
  readonly request: string;
}

/** The session has the complete response, or knows that it gets none. */
export interface RequestEnded extends ByProcess {
  readonly kind: 'request.ended';
  readonly request: string;
  /** The status; absent if there was no response. */
  readonly status?: number;
}

/** The server received a refresh token. */
export interface TokenPresented extends ByProcess {
  readonly kind: 'token.presented';
  readonly request: string;
  readonly refreshToken: string;
}

/** The server decided on a token request: a refresh or a sign-in. */
export interface TokenDecided extends ByProcess {
  readonly kind: 'token.decided';
  readonly request: string;
  /** `granted` or `refused`. A request that was lost before the decision has no such event. */
  readonly outcome: 'granted' | 'refused';
  /** The issued tokens. */
  readonly accessToken?: string;
  readonly refreshToken?: string;
  /** When the access token expires at the server. */
  readonly expiresAt?: number;
}

export interface ProcessBegan extends ByProcess {
  readonly kind: 'process.began';
}

export interface ProcessEnded extends ByProcess {
  readonly kind: 'process.ended';
  /** Whether the race killed it. */
  readonly killed: boolean;
}

/** A fault begins. */
export interface FaultBegan {
  readonly kind: 'fault.began';
  readonly fault: string;
  /** The affected process; absent: all of them. */
  readonly process?: ProcessName;
  /** Whether the storage may lose confirmed writes. */
  readonly losesWrites: boolean;
}

/** A fault has ended. */
export interface FaultEnded {
  readonly kind: 'fault.ended';
  readonly fault: string;
  readonly process?: ProcessName;
  readonly losesWrites: boolean;
}

/** Collects the events of a race. */
export class History {
  readonly events: RaceEvent[] = [];
  readonly #expected = new Map<(event: RaceEvent) => boolean, (event: RaceEvent) => void>();

  readonly note = (event: RaceEvent): void => {
    this.events.push(event);
    for (const [isIt, resolve] of this.#expected) {
      if (!isIt(event)) continue;
      this.#expected.delete(isIt);
      resolve(event);
    }
  };

  /** Resolves to the next event for which `isIt` returns true. */
  next(isIt: (event: RaceEvent) => boolean): Promise<RaceEvent> {
    return new Promise((resolve) => this.#expected.set(isIt, resolve));
  }
}
