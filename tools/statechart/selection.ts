import type { ChartTransition } from '../../packages/inspector/src/messages.ts';

/*
 * What the pictures of the statechart show. More than a hundred connections would be unreadable in one picture, so they show
 * the usual paths of sessions; the tables of docs/reference/statechart.md have all. Drawing fails for a connection that the
 * machine does not have.
 */

/** Where the top-level states are, as [column, row]. ELK places the states inside them. */
export interface Arrangement {
  readonly direction: 'RIGHT' | 'DOWN';
  readonly places: Readonly<Record<string, readonly [column: number, row: number]>>;
}

/** The connections that are drawn: from a state to another one. */
export const CONNECTIONS: readonly string[] = [
  'restoring.unread > restoring.reading',
  'restoring.reading > restoring.unread',
  'restoring.reading > settling',
  'settling > unauthenticated',
  'settling > authorizing.leasing',
  'settling > valid.fresh',
  'settling > valid.due',
  'settling > valid.unsaved',
  'settling > expired',
  'settling > revoked',
  'unauthenticated > authorizing.awaitingRedirect',
  'authorizing.awaitingRedirect > authorizing.requesting',
  'authorizing.awaitingRedirect > settling',
  'authorizing.leasing > authorizing.requesting',
  'authorizing.leasing > authorizing.waiting',
  'authorizing.leasing > settling',
  'authorizing.waiting > authorizing.leasing',
  'authorizing.requesting > authorizing.committing',
  'authorizing.requesting > authorizing.backingOff',
  'authorizing.backingOff > authorizing.leasing',
  'authorizing.committing > settling',
  'valid.fresh > refreshing.leasing',
  'valid.due > refreshing.leasing',
  'valid.fresh > valid.due',
  'valid.unsaved > settling',
  'valid > revoking.requesting',
  'refreshing.leasing > refreshing.requesting',
  'refreshing.leasing > refreshing.waiting',
  'refreshing.leasing > settling',
  'refreshing.waiting > refreshing.leasing',
  'refreshing.requesting > refreshing.committing',
  'refreshing.requesting > refreshing.backingOff',
  'refreshing.requesting > refreshing.writingTombstone',
  'refreshing.backingOff > refreshing.leasing',
  'refreshing.committing > settling',
  'refreshing.committing > valid.unsaved',
  'refreshing.writingTombstone > settling',
  'revoking.requesting > revoking.committing',
  'revoking.committing > settling',
  'expired > authorizing.awaitingRedirect',
  'revoked > authorizing.awaitingRedirect',
];

export const ARRANGEMENTS: Readonly<Record<'wide' | 'tall', Arrangement>> = {
  /** Busy states on the left, states at rest on the right, and between them `settling`. */
  wide: {
    direction: 'RIGHT',
    places: {
      restoring: [0, 0],
      authorizing: [0, 1],
      refreshing: [0, 2],
      revoking: [0, 3],
      settling: [1, 1],
      unauthenticated: [2, 0],
      expired: [2, 1],
      valid: [2, 2],
      revoked: [2, 3],
    },
  },
  /** From a sign-in down to the refreshes, for narrow screens. */
  tall: {
    direction: 'DOWN',
    places: {
      unauthenticated: [0, 0],
      expired: [1, 0],
      revoked: [1.5, 0],
      restoring: [0, 1],
      authorizing: [1, 1],
      settling: [1, 2],
      valid: [1, 3],
      refreshing: [0, 4],
      revoking: [2, 4],
    },
  },
};

/** The labels of connections, by event. The first event with a label counts. */
const EVENTS: Record<string, string> = {
  'session.opened': 'opened',
  'token.requested': 'requested',
  'authorization.started': 'sign-in',
  'code.received': 'code',
  'revocation.requested': 'revoke()',
  'record.read': 'read',
  'record.changed': 'changed',
  'lease.granted': 'granted',
  'lease.held': 'held',
  'lease.moved': 'moved',
  'commit.succeeded': 'written',
  'storage.failed': 'fails',
  'tokenResponse.received': 'tokens',
  'tokenRequest.failed': 'failed',
  'revocation.finished': 'done',
  'refreshTimer.elapsed': 'due',
  'retryTimer.elapsed': 'retry',
};

/** The labels of connections without an event, and of those that their guard describes better. */
const GUARDS: Record<string, string> = {
  'usesClientCredentials and isRequested and not hasTokens': 'service',
  'isUnwritten and isAlive': 'unwritten',
  hasTokens: 'good',
  'isDue and isAlive': 'due',
  refreshTokenWasRejected: 'rejected',
};

/** Returns the label of a transition, or an empty string. */
export function labelFor({ event, guard }: ChartTransition): string {
  const label = event === '' || guard === 'refreshTokenWasRejected' ? GUARDS[guard ?? ''] : EVENTS[event];
  return label ?? '';
}
