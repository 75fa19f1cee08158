/**
 * The lifecycle of one session's tokens, as a statechart that does no I/O.
 *
 * Theory of operation
 * -------------------
 * The machine takes events (what happened, in the past tense, each with the time `now`) and returns effects (what to do,
 * in the imperative). It reads no clock and no network, and holds no secret: its context has times, versions and failure
 * codes. The tokens are in the session's vault, which only the handlers of effects open. So a snapshot is plain JSON that
 * anyone may see, and a test can walk every path.
 *
 * One cycle makes new tokens, for users and for services:
 *
 *     leasing ──granted──▶ requesting ──answer──▶ committing ──written──▶ settling ──▶ valid
 *        ▲   ╲──held──▶ waiting   ╲──no answer──▶ backingOff
 *        ╰──────────────────┴──────────────────────────╯
 *
 * A session without tokens goes through it as `authorizing`, one with tokens as `refreshing`. A refresh token may be
 * presented once. What keeps it from being lost or presented twice:
 *
 * - The lease is granted only while the record in storage has the version that this session knows. If the version is
 *   newer, another instance has refreshed: the session adopts its tokens and makes no request.
 * - If another instance holds the lease, the session waits for the record to change. It never queues for the lease.
 * - Tokens are served only after they are written. The write is a compare-and-set, so the lease merely saves work: if two
 *   instances did send requests, the loser adopts what the winner wrote.
 * - A request that was sent is never aborted, because its response may hold the only copy of a refresh token.
 * - If the server rejects the refresh token, a compare-and-set ends the session. If the record has changed meanwhile, the
 *   rejection was of an old token, and the session adopts the new ones: losing a race signs no user out.
 * - Versions only grow. A record with an older version than the session knows proves that the storage lost its last
 *   writes. The session never adopts it, because its refresh token is spent. It writes its own tokens again instead,
 *   unless a hint told of a version that another instance has written since: then its own are spent too. A tombstone of
 *   tokens from an older version proves the same loss.
 * - No fault makes a session flood the server. Refreshes that come too early, compared with the lifetime of the last
 *   tokens, wait longer each time, and callers get the tokens at hand meanwhile.
 * - Only the server ends a session. Faults of the network, the storage or the client's configuration keep the tokens. They
 *   are served until they expire, while the session retries with backoff.
 *
 * The states
 * ----------
 *     restoring        the record has not been read, or cannot be read
 *     settling         takes no time: picks the next state; all branches meet here
 *     unauthenticated  there are no tokens
 *     authorizing      first tokens are on their way, for a user or a service
 *     valid            there are tokens: fresh, due for refresh, or not written yet
 *     refreshing       new tokens are on their way; the old ones are served until they expire
 *     expired          the tokens are dead
 *     revoking         the tokens are being revoked
 *     revoked          the tokens were revoked
 *
 * A state tagged `busy` waits for one response. Everything else that would begin waits until it arrives.
 */
import { initialContext } from './context.js';
import { session } from './session-setup.js';
import { authorizing } from './states/authorizing.js';
import { expired } from './states/expired.js';
import { refreshing } from './states/refreshing.js';
import { restoring } from './states/restoring.js';
import { revoked } from './states/revoked.js';
import { revoking } from './states/revoking.js';
import { settling } from './states/settling.js';
import { unauthenticated } from './states/unauthenticated.js';
import { valid } from './states/valid.js';

export const sessionMachine = session.createMachine({
  id: 'session',
  context: ({ input }) => initialContext(input),
  initial: 'restoring',
  states: { restoring, settling, unauthenticated, authorizing, valid, refreshing, expired, revoking, revoked },
});
