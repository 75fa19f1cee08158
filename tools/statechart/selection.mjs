/**
 * What the pictures of the statechart show. More than a hundred connections would be unreadable in one picture, so they
 * show the usual paths of sessions. The tables of docs/reference/statechart.md contain all. Drawing fails for a
 * connection that the machine does not have.
 */

/** The connections that are drawn: from a state to another one. */
export const CONNECTIONS = [
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

/** Where the top-level states lie, as [column, row]; where to in each of them, and exactly where, is for ELK to find. */
export const ARRANGEMENTS = {
  /** What is under way on the left, what is at rest on the right, and between them `settling`, which picks. */
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
  /** From a sign-in down to the renewals, for narrow places. */
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

/** What connections are called in the pictures, by the first of their events that has a word; the whole names are in the tables. */
const EVENTS = {
  'session.opened': 'opened',
  'token.requested': 'asked',
  'authorization.started': 'sign-in',
  'code.received': 'code',
  'revocation.requested': 'revoke()',
  'record.read': 'read',
  'record.changed': 'news',
  'lease.granted': 'granted',
  'lease.held': 'held',
  'lease.moved': 'moved',
  'commit.succeeded': 'written',
  'storage.failed': 'fails',
  'tokenResponse.received': 'tokens',
  'tokenRequest.failed': 'failed',
  'revocation.finished': 'told',
  'refreshTimer.elapsed': 'due',
  'retryTimer.elapsed': 'again',
};

/** The same for those that are better told by their condition. `settling` needs no word to get where the name says it. */
const GUARDS = {
  signsInByItself: 'service',
  isUnwrittenAndAlive: 'unwritten',
  hasTokens: 'good',
  isDueAndAlive: 'due',
  refreshTokenIsDead: 'refused',
};

/**
 * @param {import('../../packages/inspector/src/messages.js').ChartTransition} transition
 * @returns {string} empty when there is nothing to say of it
 */
export function wordFor({ event, guard }) {
  const guards = /** @type {Record<string, string>} */ (GUARDS);
  const events = /** @type {Record<string, string>} */ (EVENTS);
  const word = event === '' || guard === 'refreshTokenIsDead' ? guards[guard ?? ''] : events[event];
  return word ?? '';
}
