import type { Failure } from '../kernel/failure.js';
import type { TokenSet } from '../kernel/token-set.js';
import type { CommitReply } from '../kernel/token-storage.js';
import type { SessionContext } from '../machine/context.js';
import type { RecordCodec } from './record-codec.js';
import { fromStorage, storageFailureOf } from './storage-failure.js';
import { readRecord } from './stored-record.js';
import type { Workload } from './workload.js';

/** What a session knows of its record when it ends. */
export type LastKnown = Pick<SessionContext, 'version' | 'newest' | 'hintedVersion'>;

export type LastOutcome = 'written' | 'superseded' | 'revoked' | Failure;

/**
 * Writes tokens that the storage has not accepted yet, for a session that receives no more events. They replace a
 * tombstone of expiry, which they disprove, and older records that the storage went back to. They do not replace newer
 * tokens or a revocation, even if the storage lost those.
 *
 * @param commit - writes the tokens over a version
 */
export async function writeLast(
  tokens: TokenSet,
  { version, newest, hintedVersion }: LastKnown,
  codec: RecordCodec,
  workload: Workload,
  commit: (expectedVersion: number) => Promise<CommitReply>,
): Promise<LastOutcome> {
  if (hintedVersion > newest && version < newest) return 'superseded';
  const turn = await workload.lastTurn();
  try {
    for (let expectedVersion = version; ; ) {
      const reply = await fromStorage(() => commit(expectedVersion));
      if (reply.outcome === 'committed') return 'written';
      const { facts, tokens: others } = readRecord(reply.record, reply.now);
      const isNews =
        (facts.version > newest || facts.version === expectedVersion) && !codec.isRewritten(others, tokens);
      if (isNews && facts.status === 'revoked') return 'revoked';
      if (isNews && facts.status === 'tokens') return 'superseded';
      if (hintedVersion > Math.max(newest, facts.version)) return 'superseded';
      expectedVersion = facts.version;
    }
  } catch (error) {
    return storageFailureOf(error);
  } finally {
    turn.leave();
  }
}
