import type { SessionEnding } from './session-ending.js';
import type { TokenFacts } from './token-set.js';

/** What may be shown of a session's record in storage; the tokens themselves are not in it. */
export type RecordFacts =
  | { readonly status: 'absent'; readonly version: number }
  | {
      readonly status: 'tokens';
      readonly version: number;
      readonly tokens: TokenFacts;
      /**
       * The session has newer tokens to write, and the record holds the very ones that these replace: another instance has
       * written again what the storage had lost. Default: false.
       */
      readonly rewritten?: boolean;
    }
  | {
      readonly status: 'expired';
      readonly version: number;
      readonly ending: SessionEnding;
      /**
       * The highest version that was known to the instance whose refresh token was refused. Tokens of a later one, which the
       * storage lost, are not what ended. Absent in records that did not say it yet.
       */
      readonly ofVersion?: number;
    }
  | {
      readonly status: 'revoked';
      readonly version: number;
      /** The sign-in whose tokens were revoked; absent if the instance that revoked them did not know it. */
      readonly signIn?: string;
    };
