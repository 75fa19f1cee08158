import { adoptRecord } from './actions.js';
import { recordOf } from './params.js';
import { idleWithoutTokens } from './without-tokens.js';

export const revoked = idleWithoutTokens({
  description: 'The tokens were revoked.',
  read: [
    // The storage lost the revocation, which also applies to the tokens that it went back to.
    {
      guard: { type: 'tokensCameBack', params: recordOf },
      target: '#session.revoking.requesting',
      actions: adoptRecord,
    },
  ],
});
