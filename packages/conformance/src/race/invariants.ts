/** The invariants of every race. */
export const invariants = {
  'one presentation':
    'A refresh token is presented once. It may be presented again if its fate is unknown: no response reached the process that presented it, or the lease expired before the response was written, or the storage lost a confirmed write. It may also be presented again if the lease of the process that does so ended, by time or by a commit of another process, while it was about to send.',
  'one holder': 'No two processes hold the lease of a record at the same time.',
  'growing versions':
    'The storage never replies with an older version of a record than it had replied with before, and no version is written twice.',
  'living tokens':
    'No caller gets a token that the server never issued or that has expired there, unless it was waiting when the process received that very token.',
  'no tokens after the end': 'A process that says that its session has ended returns no token.',
  recovery:
    'When the faults have ended, every instance has a token that the API accepts. If the session is dead at the server, every instance says that it has ended, and why, and blames an interrupted refresh only if there was one.',
  'staying alive': 'No process ends by itself.',
} as const;

export type Invariant = keyof typeof invariants;

/** An invariant that was violated. */
export interface Violation {
  readonly invariant: Invariant;
  /** When it was detected, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly what: string;
}
