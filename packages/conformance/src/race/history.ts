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
  | Handed
  | Refused
  | StateSeen
  | StorageAsked
  | StorageAnswered
  | RequestSent
  | RequestEnded
  | TokenPresented
  | TokenDecided
  | ProcessBegan
  | ProcessEnded
  | Struck
  | Healed
);

/** A process returned a token to its callers. */
export interface Handed extends ByProcess {
  readonly kind: 'handed';
  readonly token: string;
  /** When the first of them requested it. */
  readonly asked: number;
  /** The earliest moment at which the decision to return this token can have been made; `at` is the latest. */
  readonly decided: number;
  readonly callers: number;
}

/** A call failed: a caller got no token, or a refresh did not happen. */
export interface Refused extends ByProcess {
  readonly kind: 'refused';
  readonly code: string;
}

/** The session's state changed. */
export interface StateSeen extends ByProcess {
  readonly kind: 'state';
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
export interface Struck {
  readonly kind: 'struck';
  readonly fault: string;
  /** The affected process; absent: all of them. */
  readonly process?: ProcessName;
  /** Whether the storage may lose confirmed writes. */
  readonly losesWrites: boolean;
}

/** A fault has ended. */
export interface Healed {
  readonly kind: 'healed';
  readonly fault: string;
  readonly process?: ProcessName;
  readonly losesWrites: boolean;
}

/** Formats the events between two times, one per line. `start`: the time that is shown as 0. */
export function tellHistory(history: readonly RaceEvent[], start: number, from = start, to = Infinity): string {
  const told = history.filter(({ at }) => at >= from && at <= to);
  return told.map((event) => `${((event.at - start) / 1000).toFixed(3).padStart(8)} s  ${tell(event)}`).join('\n');
}

function tell(event: RaceEvent): string {
  const who = 'process' in event && event.process !== undefined ? `member ${event.process}` : 'everything';
  switch (event.kind) {
    case 'handed':
      return `${who} hands ${event.token} to ${event.callers}, after ${event.at - event.asked} ms`;
    case 'refused':
      return `${who} refuses a caller: ${event.code}`;
    case 'state':
      return `${who} is ${event.step}${event.cause === undefined ? '' : ` (${event.cause})`}`;
    case 'storage.asked':
      return `${who} asks the storage: ${event.call} #${event.question}`;
    case 'storage.answered': {
      const version = event.version === undefined ? '' : `, version ${event.version}`;
      const abandoned = event.abandoned ? ', the one before was abandoned' : '';
      return `${who} hears from the storage: ${event.call} #${event.question}: ${event.outcome}${version}${abandoned}`;
    }
    case 'request.sent':
      return `${who} sends request ${event.request}`;
    case 'request.ended':
      return `${who} has ${event.status === undefined ? 'no answer' : `${event.status}`} to request ${event.request}`;
    case 'token.presented':
      return `the server is shown ${event.refreshToken} in request ${event.request}`;
    case 'token.decided': {
      const issued =
        event.accessToken === undefined ? '' : `: ${event.accessToken}, ${event.refreshToken ?? 'no other'}`;
      return `the server has ${event.outcome} request ${event.request}${issued}`;
    }
    case 'process.began':
      return `${who} begins`;
    case 'process.ended':
      return `${who} ${event.killed ? 'is killed' : 'ends'}`;
    case 'struck':
      return `${event.fault} strikes ${who}`;
    case 'healed':
      return `${event.fault} is over for ${who}`;
  }
}
