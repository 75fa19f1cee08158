import type { Secret } from '../kernel/secret.js';
import type { TokenSet } from '../kernel/token-set.js';
import type { RequestParameters } from '../protocol/request-parameters.js';

/** What a code is exchanged with (RFC 6749 §4.1.3, RFC 7636 §4.5). */
export interface CodeGrant {
  readonly code: Secret;
  readonly codeVerifier: Secret;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state?: string;
  /** The sign-in's nonce, which the ID token must repeat; absent if none was sent or it is unknown. */
  readonly nonce?: Secret;
  readonly parameters?: RequestParameters;
}

/**
 * Holds a session's secrets. The machine's effects say what moves in and out, but the machine never sees the content.
 * So nothing that shows the machine can show secrets.
 */
export class Vault {
  /** The tokens that callers get. */
  served: TokenSet | undefined;
  /** New tokens that are not yet written. */
  held: TokenSet | undefined;
  /** What the code exchange in progress needs; cleared when it ends. */
  codeGrant: CodeGrant | undefined;
  /** The tokens that the code exchange in progress replaces. */
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
