import { ignoreErrors } from './calls.js';
import type { SessionRunner } from './session-runner.js';
import { revokeTokens, sharesToken } from './token-requests.js';
import type { CodeGrant } from './vault.js';

/**
 * Exchanges a code for a session's tokens, in the session's turn. Resolves when they are served.
 *
 * @throws the error of the exchange; StorageError if the record became unknown since the turn began
 */
export async function exchangeCode(session: SessionRunner, grant: CodeGrant): Promise<void> {
  const { vault } = session.effects;
  // A caller may have begun a refresh since the turn began.
  while (session.isBusy) await session.rest();
  session.assertOpen();
  session.assertReplaceable();
  vault.codeGrant = grant;
  vault.replaced = vault.served;
  try {
    await session.import({ type: 'code.received' });
    revokeReplaced(session);
  } finally {
    vault.codeGrant = undefined;
    vault.replaced = undefined;
  }
}

/** Not awaited, and its failures are ignored: they must not fail the new sign-in. */
function revokeReplaced({ effects, snapshot, dependencies: { client } }: SessionRunner): void {
  const { replaced, served } = effects.vault;
  // Until the new tokens are written, a crash would leave the old ones, so those must stay valid.
  const isWritten = snapshot.context.unwritten === null;
  if (replaced === undefined || served === undefined || !isWritten || sharesToken(replaced, served)) return;
  if (client.revocationSpares(replaced, served)) ignoreErrors(() => revokeTokens(client, replaced));
}
