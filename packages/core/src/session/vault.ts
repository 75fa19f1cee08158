import type { Secret } from '../kernel/secret.js';
import type { TokenSet } from '../kernel/token-set.js';
import type { RequestParameters } from '../protocol/request-parameters.js';

/** What the user's return from the server is exchanged with (RFC 6749 §4.1.3, RFC 7636 §4.5). */
export interface CodeGrant {
  readonly code: Secret;
  readonly codeVerifier: Secret;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state?: string;
  /** That of the sign-in, for the id token to repeat; absent when none was sent, or it is not known. */
  readonly nonce?: Secret;
  readonly parameters?: RequestParameters;
}

/**
 * Where a session's secrets lie. The machine says by effects what moves in and out and never looks inside, so nothing
 * that shows the machine can show them.
 */
export class Vault {
  /** The tokens that callers get. */
  served: TokenSet | undefined;
  /** Tokens that were received and are not yet written. */
  held: TokenSet | undefined;
  /** What the code exchange under way needs; gone with its end, whichever it is. */
  codeGrant: CodeGrant | undefined;
  /** The tokens that the code exchange under way replaces. */
  replaced: TokenSet | undefined;

  adoptHeld(): void {
    this.served = this.held;
    this.held = undefined;
  }

  adopt(tokens: TokenSet | undefined): void {
    this.served = tokens;
    this.held = undefined;
  }

  forget(): void {
    this.served = undefined;
    this.held = undefined;
  }
}
