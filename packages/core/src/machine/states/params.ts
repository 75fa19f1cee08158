/** The parameters of guards and actions, taken from the event. */
import type { Failure } from '../../kernel/failure.js';
import type { RecordFacts } from '../../kernel/record-facts.js';
import type { TokenFacts } from '../../kernel/token-set.js';
import type { SessionContext } from '../context.js';

interface Of<Body> {
  readonly event: Body;
}

export const recordOf = ({ event: { record } }: Of<{ record: RecordFacts }>) => ({ record });
export const versionOf = ({ event: { version } }: Of<{ version: number }>) => ({ version });
export const failureOf = ({ event: { failure } }: Of<{ failure: Failure }>) => ({ failure });
export const tokensOf = ({ event: { tokens } }: Of<{ tokens: TokenFacts }>) => ({ tokens });

/** The version that a write replaces. */
export const expectedVersion = ({ context }: { context: SessionContext }) => ({ expectedVersion: context.version });
