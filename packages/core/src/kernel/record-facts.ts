import type { SessionEnding } from './session-ending.js';
import type { TokenFacts } from './token-set.js';

/** The public facts of a session's record in the storage; they do not include the tokens themselves. */
export type RecordFacts =
  | { readonly status: 'absent'; readonly version: number }
  | {
      readonly status: 'tokens';
      readonly version: number;
      readonly tokens: TokenFacts;
      /**
       * Whether the record holds the very tokens that the session's newer, unwritten tokens replace: another instance
       * has written again what the storage had lost. Default: false.
       */
      readonly rewritten?: boolean;
    }
  | {
      readonly status: 'expired';
      readonly version: number;
      readonly ending: SessionEnding;
      /**
       * The highest version that was known to the instance with the rejected refresh token. Tokens of a later version,
       * which the storage lost, have not ended. Absent in older records.
       */
      readonly ofVersion?: number;
    }
  | {
      readonly status: 'revoked';
      readonly version: number;
      /** The sign-in with the revoked tokens; absent if the revoking instance did not know it. */
      readonly signIn?: string;
    };
