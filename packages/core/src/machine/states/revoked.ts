import { session } from '../session-setup.js';
import { adoptRecord } from './actions.js';
import { recordOf } from './params.js';
import { withoutTokens } from './transitions.js';
import { restingWithoutTokens } from './without-tokens.js';

export const revoked = session.createStateConfig({
  description: 'The tokens were given up on purpose.',
  ...restingWithoutTokens,
  on: {
    ...restingWithoutTokens.on,
    // The storage lost the revocation, which also applies to the tokens that it went back to.
    'record.read': [
      {
        guard: { type: 'tokensCameBack', params: recordOf },
        target: '#session.revoking.requesting',
        actions: adoptRecord,
      },
      ...withoutTokens['record.read'],
    ],
  },
});
