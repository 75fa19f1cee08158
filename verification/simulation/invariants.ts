/** The invariants of every run. */
export const invariants = {
  'one presentation':
    'A refresh token that bought a new one is not presented again, unless its new tokens may never have reached the storage: the answer was lost, the instance died or stood still or was closed, or the storage failed, or lost it with all that knew it. A code is not presented again, unless its answer was lost.',
  'the newest token':
    'Whoever presents a refresh token does so under a lease, and the record on which the lease was granted holds no newer one; only sessions that may go on without the storage go on without a lease.',
  'no way back':
    'No commit replaces tokens by older ones, and no version of a record is below one that was there before; a failover may take versions back, and then nobody writes what it knows to be outdone.',
  'answers that arrived':
    'An answer of the server that lies in the socket of an instance is used, however long the instance stood still.',
  'rightful endings':
    'A session ends only when the server would refuse its refresh token for good, and that of the record which the ending replaces; a service never ends.',
  'honest causes':
    'An ending blames a lost answer exactly if one was lost to the refresh token that was refused, to whomever.',
  'living tokens':
    'No caller gets a token that had expired when it was handed out, as far as the session can know the time. Where the clock of the storage was put back since the token was issued, an instance that reads the record then may serve it for as much longer, but from then on no longer than its life; where that of an instance was put back in its sleep, or ahead by seconds during a question to the storage, for as long as that hides.',
  'no tokens of a revoked session': 'Whoever revoked a session hands out none of its tokens afterwards.',
  'known errors': 'A call fails with an error of this project, or with the reason of its own abortion.',
  'prompt answers': 'Every call is answered within a bounded time.',
  moderation: 'In an hour, an instance asks the server and the storage a bounded number of times.',
  recovery:
    'A few minutes after the last fault everybody, a new instance too, has a token that the API accepts if the server still honours the session, and says otherwise that it is over; unless the storage lost a version that those who have the tokens were hinted at and never read.',
  'nothing unhandled': 'No promise is rejected that nobody handles, and time does not stand still.',
} as const;

export type Invariant = keyof typeof invariants;

export interface Violation {
  readonly invariant: Invariant;
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly what: string;
}
