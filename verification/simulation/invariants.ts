/** The invariants of every run. */
export const invariants = {
  'one presentation':
    'A refresh token that was exchanged for a new one is not presented again, unless the new tokens may never have reached the storage: the response was lost, the instance died or was paused or closed, or the storage failed, or lost them together with all instances that knew them. A code is not presented again, unless its response was lost.',
  'the newest token':
    'A refresh token is presented under a lease, and the record on which the lease was granted holds no newer one. Only sessions that may continue without the storage need no lease.',
  'no way back':
    'No commit replaces tokens by older ones, and no version of a record is lower than an earlier one. A failover may take versions back; then no instance writes what it knows to be superseded.',
  'answers that arrived':
    'A response that is in the socket of an instance is used, however long the instance was paused.',
  'rightful endings':
    'A session ends only when the server would permanently reject its refresh token, and that of the record which the ending replaces. A service never ends.',
  'honest causes':
    'An ending blames a lost response exactly if the response to the rejected refresh token was lost, to any instance.',
  'living tokens':
    'No caller gets a token that has expired, as far as the session can know the time. If the clock of the storage was set back after the token was issued, an instance that reads the record afterwards may serve it for as much longer, but no longer than its lifetime. If the clock of an instance was set back during its sleep, or ahead by seconds during a call to the storage, it may serve the token for as long as that hides.',
  'hinted tokens':
    'An instance that got a hint of a newer record reads it before it returns the tokens that it has, at the latest after a minute. The exceptions: the storage failed or lost data since, or the instance was paused.',
  'no tokens of a revoked session': 'An instance that revoked a session returns none of its tokens afterwards.',
  'known errors': 'A call fails with an error of this project, or with the reason of its own abort.',
  'prompt answers': 'Every call is answered within a bounded time.',
  moderation: 'In an hour, an instance calls the server and the storage a bounded number of times.',
  recovery:
    'A few minutes after the last fault, every instance, even a new one, has a token that the API accepts if the server still honours the session. Otherwise it says that the session has ended. The exception: the storage lost a version that the instances with the tokens knew from a hint and never read.',
  'nothing unhandled': 'No promise rejection is unhandled, and time advances.',
} as const;

export type Invariant = keyof typeof invariants;

export interface Violation {
  readonly invariant: Invariant;
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly what: string;
}
